// A run made up for the reports' tests: five nodes, clients over three keys, partitions, kills and
// a fault that could not be applied, and one stale read.
#pragma once

#include <cstdint>
#include <string>

#include "reports/report.hpp"

namespace gauntlet {

struct SampleOptions {
  std::uint64_t seed = 1;
  int processes = 10;
  int keys = 3;
  Nanos length_ns = 60 * nanos_per_second;
  Nanos pause_ns = 150 * nanos_per_millisecond;  ///< mean, between the operations of a process
  bool faults = true;
  bool stale_read = true;
};

/// A history with a verdict on it, and the input that refers to both. Not movable: `input` points
/// into it.
struct Sample {
  explicit Sample(const SampleOptions& options = {});
  Sample(const Sample&) = delete;
  Sample& operator=(const Sample&) = delete;

  History history;
  Verdict verdict;
  ReportInput input;
  std::vector<EventIndex> stale;  ///< the writes of the old and the new value, and the stale read
};

}  // namespace gauntlet
