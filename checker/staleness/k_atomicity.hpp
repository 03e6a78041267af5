// k-atomicity: how many of the last writes the reads may answer for a history to be atomic.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "checker/staleness/accesses.hpp"

namespace gauntlet::staleness {

/// Zones in the order of their first returns, reduced to what an order of the writes must respect.
struct WriteOrderProblem {
  /// Zone i comes after all zones j < after[i]: these had returned before its write began.
  std::vector<std::uint32_t> after;
  /// Some operation of zone i began after all zones j < reach[i] had returned. after <= reach.
  std::vector<std::uint32_t> reach;

  std::uint32_t size() const { return static_cast<std::uint32_t>(after.size()); }
};

/// Requires zones by first_return. O(zones + moments).
WriteOrderProblem write_order_problem(const std::vector<Zone>& zones, Moment moments);

/// The smallest k for which the order of the zones' writes, all of them, makes the history
/// k-atomic; nothing if the order contradicts real time. O(zones).
std::optional<std::uint32_t> k_of_order(const WriteOrderProblem& problem,
                                        const std::vector<std::uint32_t>& order);

/// Whether any order makes the history 2-atomic. Sound and complete for the zones given. O(zones).
bool is_two_atomic(const WriteOrderProblem& problem);

/// The smallest k that a few good orders achieve: an upper bound; 1 if and only if the history is
/// atomic. `least`: a lower bound known already, at which looking further ends. O(zones).
std::uint32_t k_upper_bound(const WriteOrderProblem& problem, std::uint32_t least);

}  // namespace gauntlet::staleness
