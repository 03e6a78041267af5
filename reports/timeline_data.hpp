// The data that the report's script draws, as one JSON object: operations in columns, what was left
// out in bins, faults, rates, anomalies.
#pragma once

#include <string>
#include <vector>

#include "checker/verdict.hpp"
#include "history/history.hpp"
#include "reports/faults.hpp"
#include "reports/timebase.hpp"

namespace gauntlet {

struct TimelineLimits {
  std::size_t operations_max = 20'000;
  std::size_t text_bytes_max = 2'000'000;  ///< of all values, keys, nodes and errors
  std::size_t bins_max = 400;              ///< over the run's time, for what is left out
};

struct TimelineData {
  std::string json;  ///< safe inside a script element
  std::size_t operations_total = 0;
  std::size_t operations_embedded = 0;
};

/// Operations are chosen by nearness, in the order of the history, to an anomaly or to the begin
/// or end of a fault; all others are counted in bins of time and lane. O(events log events).
TimelineData timeline_data(const History& history, const Timebase& timebase,
                           const std::vector<FaultEpisode>& faults,
                           const std::vector<Anomaly>& anomalies,
                           const TimelineLimits& limits = {});

}  // namespace gauntlet
