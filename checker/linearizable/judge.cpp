#include <algorithm>

#include "checker/linearizable/algorithm.hpp"

namespace gauntlet {

Judgement judge_part(const Part& part, const Budget& budget) {
  std::vector<const PartAlgorithm*> algorithms = PartAlgorithmRegistry::instance().all();
  std::stable_sort(algorithms.begin(), algorithms.end(),
                   [](const auto* a, const auto* b) { return a->rank() < b->rank(); });
  Judgement best;
  best.reason = "no algorithm applies";
  for (const PartAlgorithm* algorithm : algorithms) {
    if (!algorithm->applies(part)) continue;
    Judgement judgement = algorithm->judge(part, budget);
    if (judgement.validity != Validity::unknown) return judgement;
    best = std::move(judgement);
  }
  return best;
}

}  // namespace gauntlet
