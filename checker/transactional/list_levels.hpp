// The levels of list appends that no anomaly decides, by the methods for registers.
//
// A list whose reads agree on one order is a register that holds its last element and whose
// versions are known to come in that order, those that nobody read behind the others, as they like.
// So what is left to choose is little, and the levels are decided as those of registers are: those
// below snapshots by cycles of what is forced (weak_levels.hpp), the others by a run of a database
// that is looked for (order_decision.hpp), which a verifier replays on lists.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "checker/checker.hpp"
#include "checker/consistency_models.hpp"
#include "checker/transactional/version_orders.hpp"
#include "checker/verdict.hpp"

namespace gauntlet {

struct ListLevels {
  std::vector<Anomaly> anomalies;  ///< verified; what rules out levels that others do not
  /// By model that fails by these: their names; by model that is unknown: why.
  std::map<std::string, std::set<std::string>, std::less<>> breaks;
  std::map<std::string, std::string, std::less<>> why;
  std::string refused;  ///< by a verifier: an error of ours
};

/// Notes in `standings` what it decides of what is unknown there and `is_claimed`, or not so large
/// that it is looked at without. All reads of `orders` make sense: they agree on an order of each
/// key, and with their own transactions. The effort is the budget's for what is claimed, a few
/// seconds in all for the rest.
ListLevels decide_list_levels(const VersionOrders& orders, const CheckOptions& options,
                              const std::function<bool(std::string_view)>& is_claimed,
                              ModelStandings& standings);

}  // namespace gauntlet
