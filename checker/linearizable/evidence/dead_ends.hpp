// All ways of ordering a few operations that cannot be ordered, and why each goes no further.
#pragma once

#include <string>
#include <vector>

#include "checker/linearizable/part.hpp"
#include "checker/verdict.hpp"

namespace gauntlet {

struct DeadEnds {
  std::vector<DeadEnd> longest_first;  ///< the first few
  std::size_t total = 0;               ///< how many there are; if not complete, how many were found
  bool is_complete = false;            ///< else there were too many to try
};

/// Tries every order of the operations of a core (checker/linearizable/evidence/core.hpp) step by
/// step: an operation may come next if it began before the return of each that is left, and fits
/// the state. An order is a dead end if nothing may come next. Of those that took the same
/// operations to the same state one is shown. Observers that fit the state go first: an order that
/// takes one later may as well take it now. Deterministic. Tries at most `tried_max` (set of
/// operations, state) pairs, one after another; 64 operations at most, else the answer is empty and
/// not complete.
DeadEnds find_dead_ends(const Part& core, std::size_t shown_max = 8,
                        std::size_t tried_max = 20'000);

}  // namespace gauntlet
