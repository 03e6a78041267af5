// Shrinks a violation to a few operations, by sound steps only.
//
// A step leaves something out such that, if the history were linearizable, what remains would be
// too; so what remains being impossible proves that the history is. The steps, for a part that is
// cut after the fatal return:
//  - cut: operations that return after the cut may have happened or not, as crashed ones may. A
//    linearization of the whole, ended where the fatal operation's return is reached, orders them;
//  - leave out an observer: an order without it is still legal, since it changes nothing;
//  - in a register, leave out an update whose value z nothing that remains needs: in any order,
//  what
//    follows it up to the next write needs z, so the next is a write or the order ends; it may as
//    well follow what came before the update;
//  - in a register, start in the middle: what returned before is left out, the value at that moment
//    is unknown, and operations under way may have happened before, later or never. The tail of an
//    order of the whole is an order of this, from the value at which the tail starts.
#pragma once

#include "checker/linearizable/algorithm.hpp"

namespace gauntlet {

/// What is left of a part, in terms of the part's operations.
struct Core {
  std::vector<OpId> operations;  ///< in the order of invocation
  /// Position in the part's events from which it holds, with any value; 0: from the start with the
  /// initial value.
  std::size_t from = 0;
  bool is_minimal = false;  ///< nothing more can be left out by these steps, one at a time
};

/// `end`: position just behind the fatal return in the part's events. Always answers a core, at
/// worst everything up to `end`.
Core shrink(const Part& part, std::size_t end, const Budget& budget);

}  // namespace gauntlet
