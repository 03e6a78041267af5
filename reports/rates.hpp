// Throughput and latency over the time of a run, in bins.
#pragma once

#include <vector>

#include "history/history.hpp"
#include "reports/counts.hpp"
#include "reports/timebase.hpp"

namespace gauntlet {

struct RateBin {
  std::size_t ok = 0;
  std::size_t fail = 0;
  std::size_t info = 0;
  std::size_t latencies = 0;  ///< `ok` operations that began in the bin
  LatencyQuantiles latency;   ///< of these
};

struct Rates {
  Nanos bin_width = 1;  ///< 1, 2 or 5 times a power of ten
  std::vector<RateBin> bins;
};

/// Completions count where they happened, latencies where the operation began, so that a fault
/// shows at its start in both. At most `bins_max` bins. O(events).
Rates rates_over_time(const History& history, const Timebase& timebase, std::size_t bins_max = 200);

/// The smallest 1, 2 or 5 times a power of ten such that `parts_max` of it cover `span`.
Nanos round_width(Nanos span, std::size_t parts_max);

}  // namespace gauntlet
