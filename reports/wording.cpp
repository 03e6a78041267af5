#include "reports/wording.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reports/text.hpp"

namespace gauntlet {

namespace {

/// "linearizable cas-register", as far as it is known.
std::string claim_text(const Verdict& verdict) {
  std::string claim = verdict.consistency.empty() ? "consistent" : verdict.consistency;
  if (!verdict.model.empty()) claim += " as a " + verdict.model;
  return claim;
}

std::string fault_caution(const FaultTally& tally) {
  std::string parts;
  const auto add = [&](std::size_t count, std::string_view what) {
    if (count == 0) return;
    if (!parts.empty()) parts += ", ";
    parts += fmt::format("{} {}", count, what);
  };
  add(tally.skipped, tally.skipped == 1 ? "was skipped" : "were skipped");
  add(tally.without_effect, "had no effect that could be observed");
  if (parts.empty()) return {};
  return fmt::format("Of {}, {}: the database was tested under fewer faults than planned.",
                     counted(tally.total, "fault"), parts);
}

}  // namespace

std::string_view verdict_word(Validity validity) {
  switch (validity) {
    case Validity::valid:
      return "VALID";
    case Validity::invalid:
      return "INVALID";
    case Validity::unknown:
      break;
  }
  return "UNKNOWN";
}

std::string anomaly_title(const Anomaly& anomaly) {
  std::string title = anomaly.name.empty() ? "violation" : anomaly.name;
  if (!anomaly.key.empty()) title += " on key " + anomaly.key;
  return title;
}

std::string verdict_sentence(const Verdict& verdict) {
  const std::string claim = claim_text(verdict);
  switch (verdict.validity) {
    case Validity::valid:
      return fmt::format("All {} that were judged are {}.",
                         counted(verdict.operations, "operation"), claim);
    case Validity::invalid: {
      std::string found = verdict.anomalies.empty()
                              ? (verdict.reason.empty() ? "a violation was found" : verdict.reason)
                              : anomaly_title(verdict.anomalies.front());
      const std::size_t total = std::max(verdict.anomalies_total, verdict.anomalies.size());
      if (total > 1)
        found += fmt::format(", and {}", counted(total - 1, "more anomaly", "more anomalies"));
      return fmt::format("Not {}: {}.", claim, found);
    }
    case Validity::unknown:
      break;
  }
  return fmt::format("Whether it is {} could not be decided: {}.", claim,
                     verdict.reason.empty() ? "the checker gave no reason" : verdict.reason);
}

ModelSummary model_summary(const Verdict& verdict) {
  ModelSummary summary;
  summary.satisfies = verdict.strongest_holding;
  for (const ModelVerdict& model : verdict.models) {
    if (model.validity == Validity::unknown && !model.why.empty())
      summary.unknown.push_back(model.name);
    const auto& weakest = verdict.weakest_failing;
    if (std::find(weakest.begin(), weakest.end(), model.name) == weakest.end()) continue;
    summary.breaks.push_back(model.why.empty()
                                 ? model.name
                                 : fmt::format("{} ({})", model.name, printable(model.why, 80)));
  }
  return summary;
}

std::vector<std::string> cautions(const Verdict& verdict, const HistoryCounts& counts,
                                  const std::vector<FaultEpisode>& faults) {
  std::vector<std::string> result;
  const FaultTally tallied = tally(faults);
  if (auto text = fault_caution(tallied); !text.empty()) result.push_back(std::move(text));
  if (tallied.not_healed > 0) {
    result.push_back(fmt::format("{} not healed when the history ends.",
                                 tallied.not_healed == 1
                                     ? std::string("1 fault was")
                                     : fmt::format("{} faults were", tallied.not_healed)));
  }
  const std::size_t total = counts.total.total();
  if (total > 0 && counts.total.ok * 2 < total) {
    result.push_back(fmt::format("Only {} of the operations succeeded; what failed proves little.",
                                 percentage(counts.total.ok, total)));
  }
  for (const auto& function : counts.functions) {
    if (function.outcomes.ok > 0 || verdict.validity == Validity::invalid) continue;
    result.push_back(fmt::format("Not one {} succeeded ({}).", function.name,
                                 counted(function.outcomes.total(), "attempt")));
  }
  for (const auto& anomaly : verdict.anomalies) {
    if (!anomaly.verified_by.empty()) continue;
    result.push_back(
        fmt::format("The evidence of the anomaly \"{}\" was not confirmed by a second checker.",
                    anomaly_title(anomaly)));
  }
  return result;
}

}  // namespace gauntlet
