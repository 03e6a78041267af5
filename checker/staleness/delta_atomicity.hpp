// Delta-atomicity: by how much time the reads' beginnings would have to move for a history to be
// atomic.
#pragma once

#include <vector>

#include "checker/staleness/accesses.hpp"

namespace gauntlet::staleness {

/// The smallest D >= 0 such that the zones do not conflict once each read is taken to have begun D
/// earlier than it did; writes stay where they are. An operation precedes another if it returned at
/// an earlier time than the other began. Requires zones by first_return and the times of moments.
/// O(zones).
Nanos delta_of(const std::vector<Zone>& zones, const std::vector<Nanos>& times_ns);

}  // namespace gauntlet::staleness
