// Which of the models without real time a history of reads and writes satisfies, and which it
// breaks, with evidence that the verifier has accepted.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "checker/causal/order_models.hpp"
#include "checker/checker.hpp"

namespace gauntlet::causal {

struct ModelJudgement {
  Validity validity = Validity::unknown;
  std::string reason = "it was not looked at";  ///< why it is unknown
};

struct OrderJudgement {
  std::array<ModelJudgement, order_models.size()> models;  ///< by OrderModel
  std::vector<Anomaly> anomalies;                          ///< verified; the clearest first
  std::size_t anomalies_total = 0;
  std::size_t operations = 0, reads = 0, sessions = 0, crashed = 0;
  std::size_t reads_after_writes = 0;  ///< reads that found what a write wrote
  std::string algorithm;

  const ModelJudgement& operator[](OrderModel model) const {
    return models[static_cast<std::size_t>(model)];
  }
};

/// Decides `wanted`, and what comes with it. CC and CCv: near-linear (causal_order.hpp). CM and
/// PRAM: saturation for each session (saturation.hpp), given up where it would be too much.
/// Sequential: saturation, then a bounded search.
OrderJudgement judge_orders(const History& history, const CheckOptions& options,
                            OrderModels wanted);

}  // namespace gauntlet::causal
