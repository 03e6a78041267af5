// Rows of a timeline. A process retires after each indefinite operation and its worker goes on as
// process + concurrency, so a run with many faults has thousands of processes; a lane is a worker:
// the processes that followed one another on it.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <vector>

#include "history/history.hpp"

namespace gauntlet {

struct Lane {
  std::string node;  ///< empty where the history does not say, or where it changed
  std::vector<Process> processes;
};

struct Lanes {
  std::vector<Lane> lanes;  ///< by node, then by process
  boost::unordered_flat_map<Process, std::size_t> lane_of;
  bool merged = false;  ///< there were more than lanes_max workers, so that operations overlap
};

/// The concurrency is not in the history: the smallest number is taken for which processes that
/// agree modulo it never overlap in time and stay on one node. Where there is none, each process
/// takes a lane that is free. O(events + processes * candidates).
Lanes assign_lanes(const History& history, std::size_t lanes_max = 200);

}  // namespace gauntlet
