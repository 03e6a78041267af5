// How far the clocks of the nodes were off in the course of a run: read from clocks.jsonl.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace gauntlet {

/// One question and its answer.
struct ClockSample {
  Nanos at_ns = 0;      ///< since the run's start
  Nanos offset_ns = 0;  ///< against the controller's clock; positive: it is ahead
  Nanos within_ns = 0;  ///< by how much that may be off: the way there and back, its resolution
};

struct NodeClock {
  std::string node;
  bool of_database = false;  ///< the database's own; else that of the machine
  std::vector<ClockSample> samples;
  std::size_t unanswered = 0;
};

/// In the order of the nodes' first lines. A run that was killed may have cut the last line; lines
/// that make no sense are left out, and what is beyond 64 MiB.
Result<std::vector<NodeClock>> read_clock_samples(const std::string& path);

}  // namespace gauntlet
