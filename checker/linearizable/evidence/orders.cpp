#include "checker/linearizable/evidence/orders.hpp"

#include <algorithm>

#include "checker/linearizable/algorithm.hpp"

namespace gauntlet {

namespace {

/// By the first algorithm that finds one; some decide without.
std::vector<OpId> order_of(const Part& part, const Budget& budget) {
  std::vector<const PartAlgorithm*> algorithms = PartAlgorithmRegistry::instance().all();
  std::stable_sort(algorithms.begin(), algorithms.end(),
                   [](const auto* a, const auto* b) { return a->rank() < b->rank(); });
  for (const PartAlgorithm* algorithm : algorithms) {
    if (algorithm->rank() >= rank_by_name_only || !algorithm->applies(part)) continue;
    Judgement judgement = algorithm->judge(part, budget);
    if (judgement.validity == Validity::invalid) break;
    if (judgement.validity == Validity::valid && judgement.has_order) {
      return std::move(judgement.order);
    }
  }
  return {};
}

}  // namespace

std::vector<OrderCertificate> linearizations(const History& history, const CheckOptions& options) {
  std::vector<OrderCertificate> orders;
  const Model* model = ModelRegistry::instance().find(options.model);
  if (model == nullptr) return orders;
  const auto parts = split(history, *model, options);
  if (!parts->misfit.empty() || !parts->unfinished.empty()) return orders;
  const Verifier verifier(history, *model, options);
  for (const Part& part : parts->parts) {
    OrderCertificate certificate{part.key, {}};
    for (const OpId op : order_of(part, options.budget))
      certificate.order.push_back(part.operations[op].invocation);
    if (!certificate.order.empty() && verifier.order(certificate)) {
      orders.push_back(std::move(certificate));
    }
  }
  return orders;
}

}  // namespace gauntlet
