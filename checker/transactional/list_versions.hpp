// The order of a list's versions as steps, for the levels below snapshots (weak_levels.hpp).
//
// Each element of the longest read came behind the one before it, and what nobody read behind all
// of them. That is all that is known of the order, whichever way it is completed: so a commit order
// that agrees with the steps gives every read what it read, and one that gives it that agrees.
#pragma once

#include <vector>

#include "checker/transactional/version_orders.hpp"
#include "checker/transactional/weak_levels.hpp"

namespace gauntlet {

/// Of keys whose reads agree on an order. O(elements of the longest reads + appends that nobody
/// read).
std::vector<VersionStep> version_steps(const VersionOrders& orders);

}  // namespace gauntlet
