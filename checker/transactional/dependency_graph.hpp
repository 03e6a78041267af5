// The dependencies between transactions, and the components in which they are cyclic.
//
// Adya's direct serialization graph ("Weak Consistency", 1999, section 3.1): T1 -> T2 is
//   ww  where T2 installed the version after T1's,
//   wr  where T2 read the version that T1 installed,
//   rw  where T2 installed the version after the one that T1 read;
// and `process` where T2 is the next of T1's process. Real time has no edges: real_time.hpp.
//
// Stored by source, 4 bytes an edge. Components by Tarjan ("Depth-First Search and Linear Graph
// Algorithms", 1972), without recursion: O(transactions + edges).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/effort.hpp"
#include "checker/transactional/version_orders.hpp"

namespace gauntlet {

enum class Dependency : std::uint8_t { ww = 0, wr = 1, rw = 2, process = 3, realtime = 4 };

/// An edge to `target`. Never of real time.
class Edge {
 public:
  Edge(std::uint32_t target, Dependency kind)
      : word_(target << 2 | static_cast<std::uint32_t>(kind)) {}
  Edge() = default;
  std::uint32_t target() const { return word_ >> 2; }
  Dependency kind() const { return static_cast<Dependency>(word_ & 3); }

 private:
  std::uint32_t word_ = 0;
};

/// A graph by source. Vertices are transactions or, in a part of a graph, positions in it.
struct Graph {
  std::vector<std::uint32_t> first{0};
  std::vector<Edge> edges;

  std::uint32_t size() const { return static_cast<std::uint32_t>(first.size()) - 1; }
  std::span<const Edge> out(std::uint32_t v) const {
    return {edges.data() + first[v], first[v + 1] - first[v]};
  }
};

struct DependencyGraph {
  Graph graph;
  /// Readers and unread appends of some key are so many that their edges were left out.
  bool is_cut = false;
  bool finished = false;  ///< false where the effort ran out
};

/// The graph of the transactions that happened, without the order of processes.
DependencyGraph dependencies_of(const VersionOrders& orders, Effort& effort);

struct Components {
  std::vector<std::uint32_t> component;  ///< of a vertex; an edge never leads to a higher one
  std::vector<std::uint32_t> order;      ///< all vertices, those of component 0 first
  std::uint32_t count = 0;
  bool finished = false;  ///< false where the effort ran out

  bool is_acyclic() const { return count == component.size(); }
  /// The vertices of each component that has several.
  std::vector<std::vector<std::uint32_t>> cyclic() const;
};

/// Of the edges for which `follows(source, edge)` holds. Defined in tarjan.hpp.
template <class Follows>
Components components_of(const Graph& graph, Effort& effort, Follows follows);

/// The part of `graph` between `members`; a vertex of it is a position there. `position` has an
/// entry for every vertex of the graph, all no_txn before and after.
Graph part_of(const Graph& graph, std::span<const std::uint32_t> members,
              std::vector<std::uint32_t>& position);

/// The part between `members` (ascending) with an edge from each to the next of its process.
Graph with_process_order(const Graph& part, const Transactions& transactions,
                         std::span<const Txn> members);

}  // namespace gauntlet
