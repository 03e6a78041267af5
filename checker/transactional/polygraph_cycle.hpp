// Which transactions a cycle of a polygraph is about, with all that led to its forced arcs.
#pragma once

#include <vector>

#include "checker/transactional/polygraph_saturation.hpp"

namespace gauntlet {

/// Collects transactions that a refutation rests on. The arguments outlive it.
class RefutationTrace {
 public:
  RefutationTrace(const Polygraph& graph, const Saturation& saturation, Effort& effort);

  /// A short cycle of known and forced arcs, if there is one. O(arcs) a try, a few dozen tries.
  void add_cycle();
  /// Vertices of a cycle, with forced arcs between them.
  void add_vertices(const std::vector<Vertex>& vertices);
  void add_transaction(Txn t) { has_[t] = true; }
  /// Both orders of two chains.
  void add_pair(std::uint32_t a, std::uint32_t b);

  /// Of what was added: the transactions and those that they read from, ascending.
  std::vector<Txn> transactions() const;

 private:
  std::vector<Vertex> path(Vertex from, Vertex to, std::uint32_t forced_max,
                           std::size_t length_max);
  std::vector<bool> between_cycles() const;
  void add_chain(std::uint32_t c);
  void add_vertex(Vertex v);
  void add_path(const std::vector<Vertex>& vertices);
  void add_arc(Vertex from, Vertex to);
  void expand();

  const Polygraph& graph_;
  const Saturation& saturation_;
  Effort& effort_;
  ArcIndex known_;
  std::vector<std::uint32_t> forced_first_;  // by vertex: into forced_
  std::vector<std::uint32_t> forced_;        // places in saturation_.arcs
  std::vector<bool> has_;                    // by transaction
  std::vector<bool> expanded_;               // by ForcedOrder
  std::vector<std::uint32_t> open_;          // of ForcedOrder
  std::vector<std::uint32_t> visited_;
  std::vector<Vertex> via_;
  std::uint32_t search_ = 0;
};

}  // namespace gauntlet
