// Reentrant and fenced mutexes of which each caller does one thing after another: there is nothing
// to choose.
//
// Conditions: no caller invokes an operation while another of its own is outstanding; so what
// crashed is the last that its caller did. Then each caller has one operation outstanding at most.
//
// The history is gone through once, and an operation takes effect only when one that has not yet
// taken effect returns: that one does, o; and where o is an acquire and another caller h holds the
// lock once, h's outstanding release, if there is one, does just before it. If o is not legal then,
// no order of the operations up to this return exists.
//
// Proof. Let the operations before this return have an order that starts with what has taken effect
// so far, X what comes in the rest before o; X was invoked before now and returns later, if ever.
// Let c be the caller of o; nothing in X is c's.
//  - c holds the lock: nobody else can do anything, so X is empty.
//  - The lock is free: X could only begin with an acquire by d, which d alone can undo; d has
//    nothing else outstanding, so o would be impossible. So X is empty.
//  - h holds it: nobody but h can do anything, and h's one outstanding operation is an acquire,
//    after which o is impossible, or a release, which must free the lock, so h held it once. Then X
//    is that release, by the case before. If o is a release it is impossible in either case.
// So what takes effect before o, and in which order, is forced, and with it the tokens that a
// fenced mutex has given out. A crashed acquire never takes effect: its caller does nothing after
// it, so it would hold the lock for good, and leaving it out of an order that ends with it changes
// nothing. As the argument holds at every return by itself, the first at which o is impossible is
// the place.
//
// Source: ours. Cost: O(operations), expected.
#include <boost/unordered/unordered_flat_map.hpp>

#include "checker/linearizable/one_pass/one_pass.hpp"

namespace gauntlet {
namespace {

using CallerId = std::uint32_t;
constexpr CallerId nobody = 0xFFFFFFFFu;

bool acquires(const Part& part, OpId op) {
  return part.call(op).function == 0;
}

/// The callers of a part's kinds, as dense numbers.
struct Callers {
  explicit Callers(const Part& part) {
    boost::unordered_flat_map<Process, CallerId> ids;
    for (const ModelCall& call : part.kinds) {
      of_kind.push_back(
          ids.try_emplace(call.process, static_cast<CallerId>(ids.size())).first->second);
    }
    count = ids.size();
  }
  std::vector<CallerId> of_kind;
  std::size_t count = 0;
};

class OwnedLock {
 public:
  explicit OwnedLock(const Part& part)
      : part_(part),
        callers_(part),
        is_fenced_(part.model->name() == "fenced-mutex"),
        outstanding_(callers_.count, no_op) {}

  void invoke(OpId op, std::uint32_t) { outstanding_[caller(op)] = op; }

  bool complete(OpId op, std::uint32_t) {
    if (outstanding_[caller(op)] != op) return true;  // it has taken effect
    if (acquires(part_, op) && holder_ != nobody && holder_ != caller(op)) {
      const OpId other = outstanding_[holder_];
      if (other == no_op || acquires(part_, other) || !take(other)) return false;
    }
    return take(op);
  }

  std::vector<OpId> order() { return std::move(order_); }

 private:
  CallerId caller(OpId op) const { return callers_.of_kind[part_.operations[op].kind]; }

  /// Takes an operation that has not taken effect, if the model allows it.
  bool take(OpId op) {
    if (acquires(part_, op) ? !acquire(op) : !release(op)) return false;
    outstanding_[caller(op)] = no_op;
    order_.push_back(op);
    return true;
  }

  bool acquire(OpId op) {
    if (holder_ != nobody && (is_fenced_ || holder_ != caller(op))) return false;
    const ValueId token = part_.call(op).output;
    if (is_fenced_ && token != ValueId::nil) {
      const std::int64_t fence = part_.context->values.as_integer(token);
      if (fence != 0 && fence <= fence_) return false;
      if (fence != 0) fence_ = fence;
    }
    holder_ = caller(op);
    ++depth_;
    return true;
  }

  bool release(OpId op) {
    if (holder_ != caller(op)) return false;
    if (--depth_ == 0) holder_ = nobody;
    return true;
  }

  const Part& part_;
  Callers callers_;
  bool is_fenced_;
  std::vector<OpId> outstanding_;  // by caller: what has not taken effect yet
  CallerId holder_ = nobody;
  std::uint32_t depth_ = 0;
  std::int64_t fence_ = 0;  // the greatest token given out
  std::vector<OpId> order_;
};

class OwnedLocksAlgorithm : public PartAlgorithm {
 public:
  std::string_view name() const override { return "owned-locks"; }
  std::string_view description() const override {
    return "reentrant and fenced mutexes, callers one thing after another: forced order, O(n)";
  }
  AlgorithmFacts facts() const override {
    return {.idea =
                "What takes effect before a return, and in which order, is forced: nobody but the "
                "holder can do anything, and the holder has one thing outstanding at most.",
            .conditions = "no caller invokes an operation while another of its own is outstanding",
            .guarantee = "Sound and complete; the place is the earliest.",
            .cost = "O(operations)",
            .source = "ours",
            .models = {"reentrant-mutex", "fenced-mutex"}};
  }
  int rank() const override { return 20; }

  bool applies(const Part& part) const override {
    const std::string_view model = part.model->name();
    if (part.starts_anywhere || (model != "reentrant-mutex" && model != "fenced-mutex")) {
      return false;
    }
    const Callers callers(part);
    std::vector<bool> is_busy(callers.count, false);
    for (const PartEvent event : part.events) {
      const CallerId caller = callers.of_kind[part.operations[event.op].kind];
      if (!event.returns && is_busy[caller]) return false;
      is_busy[caller] = !event.returns;
    }
    return true;
  }

  Judgement judge(const Part& part, const Budget& budget) const override {
    return judge_in_one_pass(part, budget, "forced order of a lock's owners", OwnedLock(part));
  }
};

GAUNTLET_REGISTER(PartAlgorithm, OwnedLocksAlgorithm);

}  // namespace
}  // namespace gauntlet
