// Saturation: forces edges by rules until nothing follows any more or a cycle shows.
//
// The graph starts as session order and reads-from. Rules, for a read r of key x that is looked at:
//   conflict     r reads from w1, another write w2 of x is before r: w2 is before w1.
//   overwritten  r reads from w1, another write w2 of x is after w1: r is before w2. (Optional.)
//   initial      r found the initial value: r is before every write of x.
// Each holds in every explanation in which r reads from the last write of x before it. So a cycle
// means that there is none. What the absence of a cycle means depends on the reads looked at:
//
// The reads of one session (PRAM; causal memory: Bouajjani et al., POPL 2017, CyclicHB and
// WriteHBInitRead, after Ahamad et al. 1995): then there is an explanation. Proof: let r1, r2, ...
// be the session's reads in its order, and D(i) what is before ri or is ri, so that D(i) lies
// within D(i+1). Order D(1), then what D(2) adds, and so on, then the rest, each piece by any order
// that agrees with the graph; that is possible since each D(i) is closed to the front. ri is the
// last of D(i) (nothing in D(i) is after it). Of the writes of its key in D(i), which are all
// before ri, its source is the last by the conflict rule, wherever the pieces are cut: what is
// after the source in the order and within D(i) is another write of x that is before it in the
// graph, a contradiction. A read of the initial value has no write of its key in D(i) by the
// initial rule.
//
// All reads (sequential consistency: Zennou, Bouajjani, Enea, Erradi, "Gradual consistency
// checking", CAV 2019, who call it the weak happens-before's fixpoint): only necessary; what is
// left open is for a search.
//
// Cost: a round is O(accesses * sessions + reads looked at * sessions writing the key * log); every
// round but the last adds an edge that did not follow before. In practice a few rounds.
#pragma once

#include <optional>
#include <vector>

#include "checker/causal/accesses.hpp"
#include "checker/causal/derivation.hpp"
#include "checker/causal/order_graph.hpp"

namespace gauntlet::causal {

/// Why an edge was forced.
struct ForcedBy {
  EdgeRule rule;
  AccessId read;        ///< of a conflict: the read
  std::uint32_t known;  ///< it follows from as many edges, the first ones
};

struct SaturationRules {
  std::optional<SessionId> only;  ///< look at the reads of this session; nothing: at all
  bool overwritten = false;
};

struct Saturated {
  bool complete = false;  ///< the fixpoint or a cycle was reached; if not, the effort is used up
  bool has_cycle = false;
  std::vector<ForcedEdge> edges;
  std::vector<ForcedBy> reasons;  ///< by edge
  std::vector<AccessId> order;    ///< topological; a part of it if there is a cycle
};

Saturated saturate(const Accesses& accesses, const SaturationRules& rules, Effort& effort);

}  // namespace gauntlet::causal
