// Mutexes and semaphores on which every call is for the same number of permits: earliest deadline
// first.
//
// Let c be the number of permits that each call is for (1 for a mutex) and n how many calls can
// hold theirs at a time. The state is how many do: an acquire needs fewer than n and adds one, a
// release needs at least one and takes one away; who calls does not matter. So all acquires are
// alike but for the times between which they must take effect, and so are all releases.
//
// The history is gone through once, and an operation takes effect only when one that has not yet
// taken effect returns: that one does, o; and where it cannot in the state as it is (an acquire
// while n hold, a release while none do), one of the other function does just before it, of those
// outstanding the one that returns first, p. Crashed operations return never, so they are taken
// last and only so. If there is no p, no order of the operations up to this return exists.
//
// Proof that this misses no order. Let the operations before this return have an order that starts
// with what has taken effect so far, in which o therefore comes later; what comes before o in the
// rest, X, was invoked before now and returns later, if ever. All of X and o may change places with
// each other as far as real time goes.
//  1. o fits the state: move o to the front of X. The operations of X, each one step up or down
//     between 0 and n, start from one step further and must end in the same state as before. As
//     steps of either kind are alike, some sequence of them stays within 0 and n (n > 0 since o
//     fits): steps up and down by turns, the possible one first, then what is left of one kind.
//  2. o does not fit: then X holds an operation of the other function, q the first. If p is in the
//     order, let p and q change places: q, not returning before p does, may stand where p stood,
//     and p may stand in X. If p is not in the order, it need not happen, so it returns after now,
//     and so does q: leave q out and put p in its place. Now move p and then o to the front of X,
//     which is in order by the argument of 1.
// Repeated, the order becomes the one found here. Conversely that is legal, and each operation
// stands in it between its invocation and its return. As the argument holds at every return by
// itself, the first return at which there is no p is the place of the violation.
//
// Source: deadline scheduling of unit tasks (Jackson, "Scheduling a production line to minimize
// maximum tardiness", 1955); its use on locks is ours. Cost: O(operations log outstanding).
#include <queue>

#include "checker/linearizable/one_pass/one_pass.hpp"

namespace gauntlet {
namespace {

/// How many permits a call on a semaphore is for.
std::int64_t permits_of(const ModelCall& call, const ModelContext& context) {
  return call.input == ValueId::nil ? 1 : context.values.as_integer(call.input);
}

/// How many calls can hold their permits at a time; nothing where the calls are not alike.
std::optional<std::int64_t> holders_max(const Part& part) {
  if (part.model->name() == "mutex") return 1;
  if (part.model->name() != "semaphore") return std::nullopt;
  const ModelContext& context = *part.context;
  const std::int64_t each = part.kinds.empty() ? 1 : permits_of(part.kinds[0], context);
  for (const ModelCall& call : part.kinds) {
    if (permits_of(call, context) != each) return std::nullopt;
  }
  const std::int64_t all = context.initial.is_integer() ? context.initial.integer() : 1;
  return std::max<std::int64_t>(all, 0) / each;
}

class Permits {
 public:
  explicit Permits(const Part& part)
      : part_(part),
        holders_max_(*holders_max(part)),
        returns_(return_positions(part)),
        done_(part.operations.size(), false) {}

  void invoke(OpId op, std::uint32_t) { outstanding_[acquires(op)].emplace(returns_[op], op); }

  bool complete(OpId op, std::uint32_t) {
    if (done_[op]) return true;
    if (!fits(acquires(op))) {
      ByReturn& others = outstanding_[!acquires(op)];
      while (!others.empty() && done_[others.top().second])
        others.pop();
      if (others.empty() || !fits(!acquires(op))) return false;
      take(others.top().second);
      others.pop();
    }
    take(op);
    return true;
  }

  std::vector<OpId> order() { return std::move(order_); }

 private:
  using ByReturn = std::priority_queue<std::pair<std::uint32_t, OpId>,
                                       std::vector<std::pair<std::uint32_t, OpId>>, std::greater<>>;

  bool acquires(OpId op) const { return part_.call(op).function == 0; }
  bool fits(bool acquires) const { return acquires ? holders_ < holders_max_ : holders_ > 0; }

  void take(OpId op) {
    holders_ += acquires(op) ? 1 : -1;
    done_[op] = true;
    order_.push_back(op);
  }

  const Part& part_;
  std::int64_t holders_max_, holders_ = 0;
  std::vector<std::uint32_t> returns_;  // by operation
  std::vector<bool> done_;              // by operation: it has taken effect
  ByReturn outstanding_[2];             // releases, acquires; those done are dropped when they show
  std::vector<OpId> order_;
};

class PermitsAlgorithm : public PartAlgorithm {
 public:
  std::string_view name() const override { return "permits"; }
  std::string_view description() const override {
    return "mutexes, and semaphores with calls alike: earliest deadline first, O(n log n)";
  }
  AlgorithmFacts facts() const override {
    return {.idea =
                "All acquires are alike but for their times, and so are all releases. An operation "
                "takes effect only when one that has not returns; where it cannot, the outstanding "
                "one of the other function that returns first does just before it.",
            .conditions = "all calls are for the same number of permits",
            .guarantee = "Sound and complete; the place is the earliest.",
            .cost = "O(operations log outstanding)",
            .source = "earliest deadline first (J. R. Jackson, 1955); its use on locks is ours",
            .models = {"mutex", "semaphore"}};
  }
  int rank() const override { return 20; }
  bool applies(const Part& part) const override {
    return !part.starts_anywhere && holders_max(part).has_value();
  }
  Judgement judge(const Part& part, const Budget& budget) const override {
    return judge_in_one_pass(part, budget, "earliest deadline first, all permits alike",
                             Permits(part));
  }
};

GAUNTLET_REGISTER(PartAlgorithm, PermitsAlgorithm);

}  // namespace
}  // namespace gauntlet
