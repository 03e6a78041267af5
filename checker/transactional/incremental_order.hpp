// A topological order of a graph whose arcs come and go.
//
// An arc against the order is put right by moving only what lies between its ends: what it leads
// to and what leads to it change places (Pearce and Kelly, "A dynamic topological sort algorithm
// for directed acyclic graphs", JEA 2007). An arc that goes keeps the order right. Adding an arc
// with the order is O(1), against it O(vertices and arcs between its ends in the order).
#pragma once

#include <cstdint>
#include <vector>

#include "base/effort.hpp"
#include "checker/transactional/polygraph.hpp"

namespace gauntlet {

/// Why an arc is there: 0 for those that always are.
using ArcLabel = std::uint32_t;

class IncrementalOrder {
 public:
  /// `order`: topological for the arcs that always are. The effort outlives it.
  IncrementalOrder(Vertex vertices, const std::vector<Arc>& arcs, const std::vector<Arc>& more,
                   const std::vector<Vertex>& order, Effort& effort);

  /// False if the arc closes a cycle: `cycle` tells which, and it is not added.
  bool add(Arc arc, ArcLabel label);
  /// The last arc that was added goes.
  void remove_last();
  std::size_t size() const { return added_.size(); }

  bool is_before(Vertex a, Vertex b) const { return position_[a] < position_[b]; }
  /// All vertices, as they are ordered now.
  std::vector<Vertex> order() const;

  /// Of the last arc that closed a cycle, one with few labels: its vertices, the arc's target
  /// first, and the labels other than 0 on it but for the arc's own.
  const std::vector<Vertex>& cycle_vertices() const { return cycle_vertices_; }
  const std::vector<ArcLabel>& cycle_labels() const { return cycle_labels_; }

 private:
  struct Link {
    Vertex to;
    ArcLabel label;
  };

  bool search_forward(Vertex from, Vertex to);
  void search_backward(Vertex from, Vertex to);
  void reorder();
  void trace_cycle(Vertex from, Vertex to);

  ArcIndex out_, in_;  // those that always are
  std::vector<std::vector<Link>> more_out_, more_in_;
  std::vector<Arc> added_;
  std::vector<std::uint32_t> position_;
  Effort& effort_;
  std::vector<std::uint32_t> visited_;  // the search that saw it last
  std::uint32_t search_ = 0;
  std::vector<Vertex> forward_, backward_, stack_;
  std::vector<std::uint32_t> places_;
  std::vector<std::uint32_t> cost_;  // of the cycle search
  std::vector<Link> via_;
  std::vector<Vertex> cycle_vertices_;
  std::vector<ArcLabel> cycle_labels_;
};

}  // namespace gauntlet
