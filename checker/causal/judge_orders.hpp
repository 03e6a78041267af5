// Which of the models without real time a history of reads and writes satisfies, and which it
// breaks, with evidence that the verifier has accepted.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "checker/causal/order_models.hpp"
#include "checker/checker.hpp"

namespace gauntlet::causal {

struct ModelJudgement {
  Validity validity = Validity::unknown;
  std::string reason = {};                  ///< why it is unknown; empty: it was not looked at
  std::vector<std::string> broken_by = {};  ///< names of anomalies, each once
};

struct OrderJudgement {
  std::array<ModelJudgement, order_models.size()> models;  ///< by OrderModel
  std::vector<Anomaly> anomalies;                          ///< verified; the clearest first
  std::size_t anomalies_total = 0;
  std::size_t operations = 0, reads = 0, sessions = 0, crashed = 0;
  std::size_t reads_after_writes = 0;  ///< reads that found what a write wrote
  bool by_stronger = false;            ///< all hold because a stronger model does
  std::string algorithm;

  const ModelJudgement& operator[](OrderModel model) const {
    return models[static_cast<std::size_t>(model)];
  }
};

/// Decides `wanted`, and what comes with it. CC, CCv and the session guarantees: near-linear
/// (causal_order.hpp, session_guarantees.hpp). CM and PRAM: saturation for each session
/// (saturation.hpp), given up where it would be too much. Sequential: saturation, then a bounded
/// search.
///
/// `stronger_holds` is asked at most once, where one of `wanted` is open after what is near-linear:
/// whether a model that implies all of these is known to hold, which decides them. `refused`: the
/// reason why the history cannot be judged by reads-from at all, so that nothing else can; or
/// empty.
OrderJudgement judge_orders(
    const History& history, const CheckOptions& options, OrderModels wanted,
    const std::function<bool(const std::string& refused)>& stronger_holds = {});

}  // namespace gauntlet::causal
