// Session guarantees one by one: read your writes, monotonic reads, monotonic writes, writes follow
// reads (Terry, Demers, Petersen, Spreitzer, Theimer, Welch, "Session guarantees for weakly
// consistent replicated data", PDIS 1994; Viotti and Vukolic, "Consistency in non-transactional
// distributed storage systems", 2016, section 3.3).
//
// The definitions. All writes have one order that the servers agree on (Terry's WriteOrder, the
// arbitration of Viotti and Vukolic), and at each read the server holds a set of writes (DB(S, t),
// visibility). The read finds the last write of its key in that set, or the initial value if there
// is none. A guarantee asks:
//   read your writes     the set holds the session's earlier writes;
//   monotonic reads      the set holds the writes that the session's earlier reads found;
//   monotonic writes     a set that holds a write holds the earlier writes of that write's session,
//                        and the order has them before it;
//   writes follow reads  a set that holds a write holds what the session of that write had read
//                        before it, and the order has that before it.
// A history satisfies a guarantee if an order and sets exist that do as it asks: each guarantee by
// itself, nothing else being promised.
//
// What that comes to. A smaller set only has less to agree with, so take for each read the least
// set that holds the write it found and does as the guarantee asks. Then a history fails if and
// only if a read of the initial value has a write of its key in its set, or if what the order must
// have is cyclic: w before w' for every write w in the set of a read that found w', of the same
// key, and what the guarantee itself asks of the order. (If that is not cyclic, any total order
// that agrees with it will do.) So:
//  - read your writes: for a read, each earlier write of its session and key is the write that it
//    found, or before it.
//  - monotonic reads: for two reads of a key by a session, what the earlier found is what the later
//    found, or before it. Two reads next to each other are enough.
//  - monotonic writes: the order agrees with that of each session, which is never cyclic, and the
//    writes in a set are before the one that was found. It cannot be broken by reads of one key at
//    a time: what breaks it needs a second read of the same server, which nothing promises.
//  - writes follow reads: w before w' if the session of w' had read w before. A cycle of these is a
//    cycle of session order and reads-from; and such a cycle enters a session by a read and leaves
//    it by a later write, so that it is one of these. It fails with CyclicCO.
// Three of the four say nothing of reads out of thin air, but no set can explain one: all fail.
//
// All four together ask for sets that hold the causal past and for one order of all writes that
// agrees with it: causal convergence. So it implies each of them. Causal consistency (CC) implies
// writes follow reads. Neither PRAM nor causal memory implies read your writes or monotonic reads,
// since they let each process have an order of its own.
//
// Cost: O(accesses), each of the two functions.
#pragma once

#include <vector>

#include "base/effort.hpp"
#include "checker/causal/accesses.hpp"

namespace gauntlet::causal {

/// `from` is before `to` in the order of writes, since `reader` found `to` when `from` was in its
/// set: its session had written `from`, or had found it by the read `earlier`.
struct VersionStep {
  AccessId from = no_access;
  AccessId to = no_access;  ///< `initial_value`: the reader found the initial value all the same
  AccessId reader = no_access;
  AccessId earlier = no_access;  ///< `no_access`: its session wrote `from`
};

/// Steps that lead in a circle, or one to the initial value; empty if read your writes holds (or if
/// the effort is used up). No read is out of thin air.
std::vector<VersionStep> missed_own_write(const Accesses& accesses, Effort& effort);

/// The same for monotonic reads.
std::vector<VersionStep> non_monotonic_reads(const Accesses& accesses, Effort& effort);

}  // namespace gauntlet::causal
