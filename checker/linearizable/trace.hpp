// How each configuration of a search came to be: a tree of linearized operations that grows at its
// leaves and is pruned to the paths that still live, so that its size follows the number of live
// configurations and not the length of the history.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "checker/linearizable/part.hpp"

namespace gauntlet {

/// Not thread-safe.
class Trace {
 public:
  using Node = std::uint32_t;
  static constexpr Node root = 0;

  /// An operation and the position in the part's events before which it was linearized.
  struct Step {
    OpId op;
    std::uint32_t event;
  };

  Trace() { nodes_.push_back({root, {no_op, 0}}); }

  Node add(Node parent, OpId op, std::uint32_t event) {
    nodes_.push_back({parent, {op, event}});
    return static_cast<Node>(nodes_.size() - 1);
  }

  /// Memory that the next `add` needs at once because the nodes have to move; 0 as a rule.
  std::size_t growth_bytes() const {
    return nodes_.size() < nodes_.capacity() ? 0 : 2 * nodes_.size() * sizeof(Entry);
  }

  /// Whether `prune` would pay. O(1).
  bool wants_pruning() const { return nodes_.size() >= prune_at_; }

  /// Forgets all nodes but those on the way from `live` to the root and renames the live ones in
  /// place. The part of the way that all share moves into a plain list. O(nodes).
  void prune(std::vector<Node*>& live);

  /// The way from the root to `node`.
  std::vector<Step> way(Node node) const;

  std::size_t size() const { return nodes_.size(); }

 private:
  struct Entry {
    Node parent;  // smaller than the entry's own position, but for the root
    Step step;
  };

  std::vector<Step> shared_;  // steps that every live way starts with
  std::vector<Entry> nodes_;
  std::size_t prune_at_ = 1u << 16;
};

}  // namespace gauntlet
