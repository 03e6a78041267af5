// The algorithm for registers with unique values (zones.cpp), for those who want to run it alone.
#pragma once

#include "checker/linearizable/algorithm.hpp"

namespace gauntlet {

/// What makes a history with unique values linearizable. Tests leave one out, to see that they
/// notice.
struct ZoneRules {
  bool chains = true;  ///< within a block the chain agrees with real time
  bool blocks = true;  ///< no two blocks must each stand before the other
};

/// Requires that the algorithm "zones" applies. O(operations).
Judgement judge_by_zones(const Part& part, const Budget& budget, const ZoneRules& rules = {});

}  // namespace gauntlet
