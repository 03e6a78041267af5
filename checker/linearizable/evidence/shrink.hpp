// Shrinks a violation to a few operations, by sound steps only.
//
// A step leaves something out such that, if the history were linearizable, what remains would be
// too; so what remains being impossible proves that the history is not. The steps, for a part that
// is cut at the fatal return:
//  - cut: operations that return after the cut may have happened or not, as crashed ones may. A
//    linearization of the whole, ended where the fatal operation's return is reached, orders them;
//  - leave out an observer: an order without it is still legal, since it changes nothing;
//  - leave out all operations about a value, where the model says that values do not depend on each
//    other (Model::subject);
//  - in a register, leave out an update whose value z nothing that remains needs: in any order,
//    what follows it up to the next write needs z, so the next is a write or the order ends; it may
//    as well follow what came before the update;
//  - start in the middle: what returned before is left out, the state at that moment is unknown,
//    and operations under way may have happened before, later or never. The tail of an order of the
//    whole is an order of this, from the state at which the tail starts. For registers, and models
//    that know from which states to try (StateSpace::anywhere);
//  - of operations that do the same and may have happened or not, keep the first M, where M is how
//    many of them can matter (Verifier::violation proves it): in an order that uses others, those
//    that were invoked earlier can take their places.
//
// Bounded by steps of the searches that judge what remains, not by time, so that the same history
// always gives the same core.
#pragma once

#include "checker/linearizable/algorithm.hpp"
#include "checker/linearizable/evidence/core.hpp"

namespace gauntlet {

/// `fatal`: an operation at whose return no order is possible any more. Nothing if the steps did
/// not lead to a core of a few hundred operations. Memory: that of the core's searches, and 4 bytes
/// for each operation that is outstanding or crashed at the return. Time: O(operations) and up to
/// `steps_max` steps of search. The budget only guards against the worst.
std::optional<Core> shrink(const Part& part, OpId fatal, const Budget& budget,
                           std::size_t steps_max = 400'000);

}  // namespace gauntlet
