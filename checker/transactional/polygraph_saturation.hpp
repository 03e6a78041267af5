// Forces the order of chains by what is known: where the first version of chain b comes before the
// last of chain a or before a reader of it, a before b would close a cycle, so b comes before a.
// Repeated until nothing follows any more or a cycle shows.
//
// (Zennou, Bouajjani, Enea and Erradi, "Gradual consistency checking", CAV 2019; Biswas and Enea,
// "On the complexity of checking transactional consistency", OOPSLA 2019; the pruning of Cobra and
// PolySI is the same rule.) A cycle means that the level fails. None means nothing yet: the pairs
// that are left open have to be chosen.
//
// Of the chains that begin in one track before the same version only the last has to be ordered:
// the others come before its begin, and so before all that comes behind it.
//
// A round costs what PolygraphReach does and O(chains * tracks * log); pairs of chains without
// tracks are looked at one by one. Every round but the last adds an order that did not follow
// before; a few rounds as a rule.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <vector>

#include "checker/transactional/polygraph.hpp"

namespace gauntlet {

/// Chain `before` comes before chain `after` of its key, because `from` leads to `to` by the known
/// arcs and those forced in earlier rounds.
struct ForcedOrder {
  std::uint32_t before;
  std::uint32_t after;
  Vertex from;
  Vertex to;
  std::uint32_t arcs_known;  ///< of `Saturation::arcs`, the first ones
};

/// Two chains of one key in either order.
struct OpenPair {
  std::uint32_t a;
  std::uint32_t b;
};

struct Saturation {
  bool finished = false;  ///< false where the effort ran out
  bool has_cycle = false;
  std::vector<Arc> arcs;             ///< forced
  std::vector<std::uint32_t> order;  ///< by arc: the ForcedOrder that it comes from
  std::vector<ForcedOrder> forced;
  std::vector<Vertex> topological;  ///< of all vertices; shorter where there is a cycle
};

Saturation saturate(const Polygraph& graph, Effort& effort);

/// The pairs that saturation left open. `allowed` false where they would be too many to hold.
struct OpenPairs {
  bool finished = false;
  std::vector<OpenPair> pairs;
};
OpenPairs open_pairs(const Polygraph& graph, const Saturation& saturation, Effort& effort);

}  // namespace gauntlet
