// Counters on which every addition adds the same amount: earliest deadline first.
//
// Let a be the amount that every add adds (adds of 0 do nothing and may stand anywhere). The state
// is the number k of adds that have taken effect, and a read of r needs k = (r - initial) / a; all
// adds are alike but for the times between which they must take effect.
//
// The history is gone through once. An add takes effect only when it must: when it returns and has
// not yet, or when a read returns that needs a larger k; then those outstanding take effect that
// return first, as many as are needed, crashed ones last. A read takes effect as soon as k is what
// it needs. If a read returns that needs a smaller k, or a larger one than there are adds
// outstanding for, no order of the operations up to there exists.
//
// Proof that this misses no order. A read that agrees with the state may be moved to where it first
// does so, since it changes nothing. Let the operations before this return have an order that
// starts with what has taken effect so far, X what comes in the rest before the one that returns,
// o. What is in X was invoked before now and returns later, if ever.
//  - o is an add, which returns before all others outstanding: it changes places with the first add
//    of the rest, which is o itself or in X.
//  - o is a read that needs d more adds: X holds exactly d. Those that return first, P, take their
//    places: one of P that is in the order changes places with one in X that returns later; one
//    that is not need not happen, so it returns after now, and so does the one in X, which is left
//    out for it.
// What is left of X may wait until after o: nothing but reads, and adds that come after o then, and
// which follow in the order that they had.
// Conversely the order found is legal, with each operation between its invocation and its return.
// As the argument holds at every return by itself, the first that fails is the place of the
// violation.
//
// With amounts that differ, which adds a read has seen is a problem of subset sums: bounds (all
// that had returned, all that was invoked) and monotony are necessary there, but not sufficient, so
// such histories are left to the general search.
//
// Source: deadline scheduling of unit tasks (Jackson, "Scheduling a production line to minimize
// maximum tardiness", 1955); its use on counters is ours. Cost: O(operations log outstanding).
#include <boost/unordered/unordered_flat_map.hpp>
#include <queue>

#include "checker/linearizable/one_pass/one_pass.hpp"

namespace gauntlet {
namespace {

constexpr std::int64_t sum_max = std::int64_t{1} << 62;  // sums and differences up to it fit
constexpr std::int64_t impossible = -1;

bool is_add(const ModelCall& call) {
  return call.function == 0;
}

std::int64_t initial_of(const Part& part) {
  const Value& initial = part.context->initial;
  return initial.is_integer() ? initial.integer() : 0;
}

/// What every add adds, 0 where nothing is added; nothing where amounts differ or may overflow.
std::optional<std::int64_t> amount_of(const Part& part) {
  std::int64_t amount = 0;
  for (const ModelCall& call : part.kinds) {
    if (!is_add(call)) continue;
    const std::int64_t own = part.context->values.as_integer(call.input);
    if (own == 0) continue;
    if (amount != 0 && own != amount) return std::nullopt;
    amount = own;
  }
  const auto room = (sum_max - 1) / static_cast<std::int64_t>(part.operations.size() + 1);
  const bool fits = amount <= room && amount >= -room;
  if (!fits || initial_of(part) >= sum_max || initial_of(part) <= -sum_max) return std::nullopt;
  return amount;
}

class CounterSteps {
 public:
  explicit CounterSteps(const Part& part)
      : part_(part),
        amount_(*amount_of(part)),
        returns_(return_positions(part)),
        done_(part.operations.size(), false) {
    for (const ModelCall& call : part.kinds)
      needs_.push_back(is_add(call) ? impossible : steps_to(call.output));
  }

  void invoke(OpId op, std::uint32_t) {
    const ModelCall& call = part_.call(op);
    if (is_add(call)) {
      if (part_.context->values.as_integer(call.input) == 0) {
        take(op);
      } else {
        adds_.emplace(returns_[op], op);
      }
    } else if (needs(op) == steps_) {
      take(op);
    } else if (needs(op) > steps_) {
      waiting_[needs(op)].push_back(op);
    }
  }

  bool complete(OpId op, std::uint32_t) {
    if (done_[op]) return true;
    if (is_add(part_.call(op))) return step();  // of the adds outstanding it returns first
    if (needs(op) < steps_) return false;
    while (steps_ < needs(op)) {
      if (!step()) return false;
    }
    return true;
  }

  std::vector<OpId> order() { return std::move(order_); }

 private:
  std::int64_t needs(OpId op) const { return needs_[part_.operations[op].kind]; }

  /// How many adds a read of `sum` needs, or `impossible`.
  std::int64_t steps_to(ValueId sum) const {
    const std::int64_t value = part_.context->values.as_integer(sum);
    if (value >= sum_max || value <= -sum_max) return impossible;
    const std::int64_t more = value - initial_of(part_);
    if (amount_ == 0) return more == 0 ? 0 : impossible;
    return more % amount_ == 0 && more / amount_ >= 0 ? more / amount_ : impossible;
  }

  void take(OpId op) {
    done_[op] = true;
    order_.push_back(op);
  }

  /// The add outstanding that returns first takes effect, and then the reads that waited for it.
  bool step() {
    if (adds_.empty()) return false;
    take(adds_.top().second);
    adds_.pop();
    const auto found = waiting_.find(++steps_);
    if (found == waiting_.end()) return true;
    for (const OpId read : found->second)
      take(read);
    waiting_.erase(found);
    return true;
  }

  const Part& part_;
  std::int64_t amount_, steps_ = 0;
  std::vector<std::int64_t> needs_;     // by kind: of a read, the number of adds before it
  std::vector<std::uint32_t> returns_;  // by operation
  std::vector<bool> done_;              // by operation: it has taken effect
  std::priority_queue<std::pair<std::uint32_t, OpId>, std::vector<std::pair<std::uint32_t, OpId>>,
                      std::greater<>>
      adds_;  // those that have not taken effect
  boost::unordered_flat_map<std::int64_t, std::vector<OpId>> waiting_;  // reads, by what they need
  std::vector<OpId> order_;
};

class CounterStepsAlgorithm : public PartAlgorithm {
 public:
  std::string_view name() const override { return "counter-steps"; }
  std::string_view description() const override {
    return "counters with additions alike: earliest deadline first, O(n log n)";
  }
  AlgorithmFacts facts() const override {
    return {.idea =
                "The state is how many additions have taken effect. One takes effect only when it "
                "returns, or when a read returns that needs more: then those outstanding that "
                "return first, crashed ones last.",
            .conditions = "every addition that is not 0 adds the same amount",
            .guarantee = "Sound and complete; the place is the earliest.",
            .cost = "O(operations log outstanding)",
            .source = "earliest deadline first (J. R. Jackson, 1955); its use on counters is ours",
            .models = {"counter"}};
  }
  int rank() const override { return 20; }
  bool applies(const Part& part) const override {
    return !part.starts_anywhere && part.model->name() == "counter" && amount_of(part).has_value();
  }
  Judgement judge(const Part& part, const Budget& budget) const override {
    return judge_in_one_pass(part, budget, "earliest deadline first, all additions alike",
                             CounterSteps(part));
  }
};

GAUNTLET_REGISTER(PartAlgorithm, CounterStepsAlgorithm);

}  // namespace
}  // namespace gauntlet
