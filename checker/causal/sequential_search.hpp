// Search for a sequential order of the accesses, for what saturation leaves open.
//
// A state is how far each session is and which write each key holds. (The search of Gibbons and
// Korach, "Testing shared memories", 1997.) Three rules keep it small:
//  - A read that is next in its session, whose forced predecessors are all taken and whose source
//    its key holds, is taken at once. Proof: in any order that goes on from here, move it to the
//    front: the held values stay the same for all others, and it finds its source.
//  - A write is not taken while its key holds a value that reads still have to find: each value is
//    written once, so they would never find it.
//  - A write of a value that is read is taken only in an order that agrees with the forced edges,
//    which every sequential order does.
// States that led nowhere are remembered, in full.
//
// Cost: exponential in the worst case (the problem is NP-complete, even with reads-from known:
// Gibbons and Korach); polynomial for a fixed number of sessions and keys.
#pragma once

#include <vector>

#include "checker/causal/accesses.hpp"
#include "checker/causal/order_graph.hpp"

namespace gauntlet::causal {

struct SequentialSearch {
  enum class End { found, none, gave_up } end = End::gave_up;
  std::vector<AccessId> order;  ///< of all accesses, if found
  std::size_t states = 0;
};

/// Requires that no read reads out of thin air. `states_max` bounds what is remembered.
SequentialSearch search_sequential_order(const Accesses& accesses,
                                         const std::vector<ForcedEdge>& forced,
                                         std::size_t states_max, Effort& effort);

}  // namespace gauntlet::causal
