// Shortest paths that an automaton accepts, by breadth-first search over pairs of a vertex and a
// state. O((vertices + edges) * states) a search, without a timeout: where paths are searched
// instead of pairs (Elle's cycle search), large components cannot be searched through.
#pragma once

#include <optional>
#include <vector>

#include "checker/transactional/cycle_class.hpp"

namespace gauntlet {

/// vertices[i] -> vertices[i + 1] is edges[i]; there is one vertex more than edges.
struct Path {
  std::vector<std::uint32_t> vertices;
  std::vector<Dependency> edges;

  /// No vertex comes twice.
  bool is_simple() const;
};

struct PathQuery {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint8_t state = 0;            ///< where the automaton begins
  std::uint8_t accepts = 0;          ///< bits of the states in which it may end
  std::uint32_t edges_max = no_txn;  ///< longer ones do not count
  std::uint32_t avoid = no_txn;      ///< a vertex that it must not visit
};

/// Not thread-safe. The graph and the effort outlive it.
class PathFinder {
 public:
  PathFinder(const Graph& graph, Effort& effort) : graph_(graph), effort_(effort) {}

  /// A shortest path of the query; nothing where there is none, or where the effort ran out.
  std::optional<Path> find(const Automaton& automaton, const PathQuery& query);
  /// Steps of all searches so far.
  std::size_t steps() const { return steps_; }

 private:
  struct Visit {
    std::uint32_t search = 0;  ///< the last that came here
    std::uint32_t from = 0;    ///< the pair before
    Dependency kind = Dependency::ww;
  };

  Path trace(std::uint32_t pair, std::uint32_t start) const;

  const Graph& graph_;
  Effort& effort_;
  std::vector<Visit> visits_;
  std::vector<std::uint32_t> queue_;
  std::uint32_t search_ = 0;
  std::size_t steps_ = 0;
};

}  // namespace gauntlet
