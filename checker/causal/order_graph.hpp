// A graph over accesses: session order, reads-from, and edges that rules have forced. Orders it
// topologically, or finds a short cycle.
//
// Session order and reads-from are implicit in Accesses; forced edges are listed. An edge from a to
// b means that in every order that explains the history (as the caller's consistency model
// understands this) a comes before b, so that a cycle is a violation.
//
// Cost: ordering is O(accesses + edges) (Kahn 1962); a cycle costs as much a few times over.
#pragma once

#include <span>
#include <vector>

#include "checker/causal/accesses.hpp"

namespace gauntlet::causal {

struct ForcedEdge {
  AccessId from, to;

  friend bool operator==(const ForcedEdge&, const ForcedEdge&) = default;
};

/// An edge of a path or a cycle: session order, reads-from, or a forced edge by its position.
struct Hop {
  enum class Kind : std::uint8_t { session, reads_from, forced };
  AccessId from, to;
  Kind kind;
  std::uint32_t forced = 0;
};

/// Lists of forced edges by their beginning. Positions are those of the edges given.
class EdgeIndex {
 public:
  EdgeIndex() = default;
  EdgeIndex(std::span<const ForcedEdge> edges, AccessId accesses);

  std::span<const std::uint32_t> from(AccessId id) const {
    if (begin_.empty()) return {};
    return std::span(positions_).subspan(begin_[id], begin_[id + 1] - begin_[id]);
  }

 private:
  std::vector<std::uint32_t> begin_, positions_;
};

/// All accesses in an order that agrees with the graph, close to the order of time; fewer than all
/// if there is a cycle (then none of the missing ones is before any that is there) or if the effort
/// is used up.
std::vector<AccessId> topological_order(const Accesses& accesses, std::span<const ForcedEdge> edges,
                                        Effort& effort);

/// Paths in the graph. The arguments outlive it. O(accesses + edges) to build and for each path.
class PathSearch {
 public:
  PathSearch(const Accesses& accesses, std::span<const ForcedEdge> edges);

  /// A path of fewest hops other than session order, from `from` to `to` or to any read of `to`
  /// where `to_reader` is set; of forced edges only the first `edges_max` are used. Session hops
  /// are drawn together. Empty if there is none (or if it would be empty).
  std::vector<Hop> path(AccessId from, AccessId to, bool to_reader, std::uint32_t edges_max);

  /// A short cycle, where `ordered` is what topological_order made of a cyclic graph.
  std::vector<Hop> cycle(std::span<const AccessId> ordered);

 private:
  std::vector<Hop> any_cycle(std::span<const AccessId> ordered) const;
  Hop hop_into(AccessId id, const std::vector<char>& is_ordered, const EdgeIndex& into) const;

  const Accesses& accesses_;
  std::span<const ForcedEdge> edges_;
  EdgeIndex out_;
  EdgeIndex readers_;            // positions are ids of reads
  std::vector<Hop> reached_by_;  // valid where stamp_ says so
  std::vector<std::uint32_t> stamp_;
  std::vector<std::uint32_t> distance_;
  std::uint32_t now_ = 0;
};

}  // namespace gauntlet::causal
