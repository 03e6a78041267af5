// The checkers of the models without real time: the session guarantees, pram, causal,
// causal-convergence, causal-memory and sequential. Each claims one model and says of the others
// what it learned on the way.
#include <fmt/format.h>

#include <new>

#include "base/effort.hpp"
#include "checker/causal/judge_orders.hpp"
#include "checker/checker.hpp"
#include "checker/consistency_models.hpp"

namespace gauntlet {
namespace {

using namespace causal;

/// What a checker looks at besides its claim: what costs little next to it, and what tells the
/// user how far the history is from it.
OrderModels looked_at(OrderModel claim) {
  return claim == OrderModel::sequential ? OrderModels::all() : claim;
}

Value count(std::size_t n) {
  return static_cast<std::int64_t>(n);
}

/// Whether too little succeeded to mean anything.
bool says_nothing(const OrderJudgement& judgement) {
  return judgement.reads_after_writes == 0;
}

Verdict verdict_of(OrderModel claim, OrderJudgement judgement) {
  Verdict verdict;
  const ModelJudgement& own = judgement[claim];
  verdict.validity = own.validity;
  verdict.reason = own.reason;
  verdict.algorithm = std::move(judgement.algorithm);
  verdict.operations = judgement.operations;
  verdict.crashed = judgement.crashed;
  Value models;
  for (const OrderModel model : order_models) {
    const ModelJudgement& of_model = judgement[model];
    std::string text(to_string(of_model.validity));
    if (of_model.validity == Validity::unknown) {
      text += ": " + (of_model.reason.empty() ? "it was not looked at" : of_model.reason);
    }
    models.set(name_of(model), std::move(text));
  }
  verdict.statistics.set("models", std::move(models));
  verdict.statistics.set("sessions", count(judgement.sessions));
  verdict.statistics.set("reads", count(judgement.reads));
  if (own.validity == Validity::invalid) {
    verdict.anomalies = std::move(judgement.anomalies);
    verdict.anomalies_total = judgement.anomalies_total;
    verdict.reason = fmt::format(
        "it is not {}: {}", name_of(claim),
        verdict.anomalies.empty() ? "anomalies were found" : verdict.anomalies.front().name);
  } else if (own.validity == Validity::valid && says_nothing(judgement)) {
    verdict.validity = Validity::unknown;
    verdict.reason =
        "too few successful operations to mean anything: no read found what a write "
        "wrote";
  } else if (own.validity == Validity::valid) {
    verdict.reason = fmt::format("{} operations of {} sessions have an explanation",
                                 judgement.operations, judgement.sessions);
  }
  return verdict;
}

template <OrderModel claim>
class OrderChecker : public Checker {
 public:
  std::string_view name() const override { return name_of(claim); }
  std::string_view description() const override {
    return find_consistency_model(name_of(claim), Subject::operations)->promise;
  }

  Verdict check(const History& history, const CheckOptions& options) const override {
    Verdict verdict;
    try {
      verdict = verdict_of(claim, judge_orders(history, options, looked_at(claim)));
    } catch (const std::bad_alloc&) {
      verdict.reason = memory_reason;
    }
    verdict.checker = verdict.consistency = name();
    verdict.model = "register";
    return verdict;
  }
};

GAUNTLET_REGISTER(Checker, OrderChecker<OrderModel::monotonic_writes>);
GAUNTLET_REGISTER(Checker, OrderChecker<OrderModel::read_your_writes>);
GAUNTLET_REGISTER(Checker, OrderChecker<OrderModel::monotonic_reads>);
GAUNTLET_REGISTER(Checker, OrderChecker<OrderModel::writes_follow_reads>);
GAUNTLET_REGISTER(Checker, OrderChecker<OrderModel::pram>);
GAUNTLET_REGISTER(Checker, OrderChecker<OrderModel::causal>);
GAUNTLET_REGISTER(Checker, OrderChecker<OrderModel::causal_convergence>);
GAUNTLET_REGISTER(Checker, OrderChecker<OrderModel::causal_memory>);
GAUNTLET_REGISTER(Checker, OrderChecker<OrderModel::sequential>);

}  // namespace
}  // namespace gauntlet
