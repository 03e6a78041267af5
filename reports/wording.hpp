// The verdict in sentences: the same in every kind of report.
#pragma once

#include <string>
#include <vector>

#include "reports/counts.hpp"
#include "reports/faults.hpp"
#include "reports/report.hpp"

namespace gauntlet {

/// "VALID", "INVALID", "UNKNOWN".
std::string_view verdict_word(Validity validity);

/// One sentence: what the verdict is about and why. Quotes untrusted text, not escaped.
std::string verdict_sentence(const Verdict& verdict);

/// Why this verdict says less than it seems: faults without effect, few successful operations, a
/// function that never succeeded, evidence that no verifier accepted. A sentence an element.
std::vector<std::string> cautions(const Verdict& verdict, const HistoryCounts& counts,
                                  const std::vector<FaultEpisode>& faults);

/// The strongest models that hold, the weakest that are broken with what breaks them, and those
/// that are unknown and that nothing weaker or stronger decides.
struct ModelSummary {
  std::vector<std::string> satisfies, breaks, unknown;
};
ModelSummary model_summary(const Verdict& verdict);

/// "stale read on key 2".
std::string anomaly_title(const Anomaly& anomaly);

}  // namespace gauntlet
