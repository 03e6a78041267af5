// All anomalies of a history of list appends: what single reads show, and the cycles.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "checker/transactional/component_cycles.hpp"
#include "checker/transactional/observations.hpp"

namespace gauntlet {

struct FoundAnomalies {
  std::map<std::string, std::size_t, std::less<>> counts;  ///< by name
  std::vector<Observation> observations;                   ///< the first few of each name
  std::vector<Cycle> cycles;                               ///< the shortest few of each name
  std::size_t edges = 0;                                   ///< dependencies
  /// Whether the version orders are as good as known: wherever transactions depend on each other in
  /// a circle, no two of them appended to the same key what nobody read.
  bool orders_known = true;
  /// Why there may be more; empty if there are none but these.
  std::string unfinished;
};

/// Cycles are counted by component and class: one of a class in each component of dependencies, and
/// in each region of time (real_time.hpp).
FoundAnomalies find_anomalies(const VersionOrders& orders, std::size_t each_max, Effort& effort);

}  // namespace gauntlet
