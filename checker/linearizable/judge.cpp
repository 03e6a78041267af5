#include <algorithm>
#include <new>

#include "base/effort.hpp"
#include "checker/linearizable/algorithm.hpp"

namespace gauntlet {

namespace {

/// Where the system refuses memory before the budget does, the answer is the same.
Judgement judge_within_memory(const PartAlgorithm& algorithm, const Part& part,
                              const Budget& budget) {
  try {
    return algorithm.judge(part, budget);
  } catch (const std::bad_alloc&) {
    // The search has been given back by now, so there is memory for the answer.
  }
  Judgement judgement;
  judgement.reason = memory_reason;
  return judgement;
}

}  // namespace

Judgement judge_part(const Part& part, const Budget& budget) {
  std::vector<const PartAlgorithm*> algorithms = PartAlgorithmRegistry::instance().all();
  std::stable_sort(algorithms.begin(), algorithms.end(),
                   [](const auto* a, const auto* b) { return a->rank() < b->rank(); });
  Judgement best;
  best.reason = "no algorithm applies";
  bool is_asked = false;
  for (const PartAlgorithm* algorithm : algorithms) {
    if (algorithm->rank() >= rank_by_name_only || !algorithm->applies(part)) continue;
    Judgement judgement = judge_within_memory(*algorithm, part, budget);
    if (judgement.validity != Validity::unknown) return judgement;
    // The first reason stands, unless somebody got farther.
    if (!is_asked || judgement.reached > best.reached) best = std::move(judgement);
    is_asked = true;
    if (budget.stopped() || budget.deadline.passed()) break;
  }
  return best;
}

}  // namespace gauntlet
