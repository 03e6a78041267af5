// Decides parallel snapshot isolation of transactions on registers.
//
// It holds if and only if the writers of each key can be ordered so that no cycle of dependencies
// has at most one rw (Cerone and Gotsman, "Analysing Snapshot Isolation", JACM 2018). So the order
// of writers and who read from whom must be acyclic, which the solver sees to; and of no version
// the next writer may lead to a reader by these. Where a solution breaks that, the choices on the
// path and the order of the two versions exclude each other, which the solver is told before it
// looks for another one (counterexample-guided refinement: Clarke et al., CAV 2000). Each round
// rules out at least the solution at hand.
//
// Chains (polygraph.hpp) are chains here, too: let w be read by r, which writes the next version,
// and another version be between. Its writer comes before r by ww, and r before it by rw.
#pragma once

#include "checker/transactional/order_decision.hpp"

namespace gauntlet {

/// Open where values are repeated.
OrderDecision decide_parallel(const Footprints& all, OrderLevel level, Effort& effort);

}  // namespace gauntlet
