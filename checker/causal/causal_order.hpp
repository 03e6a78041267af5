// Causal order by vector clocks, and what the writes of a key conflict about: the near-linear
// method for CC and CCv.
//
// Causal order CO is the transitive closure of session order and reads-from. The bad patterns are
// those of Bouajjani, Enea, Guerraoui and Hamza, "On verifying causal consistency" (POPL 2017,
// Tables 2 and 3), which characterize the models where no value is written twice to a key:
//   CC:  CyclicCO (CO has a cycle), WriteCOInitRead (a write of x is CO-before a read of x that
//        found the initial value), ThinAirRead (a read of what nobody wrote), WriteCORead (a read
//        of x reads from w1 and w1 <CO w2 <CO read for another write w2 of x).
//   CCv: CC's and CyclicCF: CO united with the conflict order CF has a cycle, where (w2, w1) is in
//        CF if both write x and w2 is CO-before a read that reads from w1.
// The method is that of AWDIT (Møldrup and Pavlogiannis, PLDI 2025), for operations instead of
// transactions. CO is acyclic: take the accesses in an order that agrees with CO and keep, for each
// session, how far into every session its causal past reaches (Mattern, Fidge). For a write w1 let
// J be the union of the pasts of the reads that read from it. Of each session only the last write t
// of w1's key within J matters, and only if it is not in w1's own past:
//   - every other write w2 of that session within J is session-before t, so that what w2 -> w1
//     implies follows from w2 -> t -> w1;
//   - if t is in w1's past then t -> w1 is in CO already.
//   - If w1 <CO w2 <CO read for some w2 of that session, then w1 <CO t too, and t is not in w1's
//     past (CO has no cycle), so that WriteCORead shows as an edge t -> w1 with w1 <CO t.
// So CO with these edges has a cycle if and only if CO with CF has one, and WriteCORead is there if
// and only if one of these edges contradicts CO.
//
// Cost: O(accesses * sessions) for the clocks and O(writes * sessions writing the key * log) for
// the edges. A clock is kept only from its write until the last read of that write.
#pragma once

#include <optional>
#include <vector>

#include "checker/causal/accesses.hpp"
#include "checker/causal/order_graph.hpp"

namespace gauntlet::causal {

/// A read of an initial value with a write of its key in its causal past.
struct InitialReadAfterWrite {
  AccessId write, read;
};

struct CausalOrder {
  std::vector<AccessId> order;  ///< of all accesses if CO has no cycle
  std::vector<ForcedEdge> conflicts;
  std::vector<InitialReadAfterWrite> initial_reads;  ///< one a read at most
};

/// Incomplete if the effort is used up, which the caller asks for. `conflicts` and `initial_reads`
/// are empty if CO has a cycle.
CausalOrder causal_order(const Accesses& accesses, Effort& effort);

/// Of the edges given, those whose `to` is CO-before their `from`. CO has no cycle. O(accesses *
/// sessions).
std::vector<ForcedEdge> against_causal_order(const Accesses& accesses,
                                             const std::vector<AccessId>& order,
                                             const std::vector<ForcedEdge>& edges, Effort& effort);

}  // namespace gauntlet::causal
