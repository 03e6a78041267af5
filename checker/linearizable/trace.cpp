#include "checker/linearizable/trace.hpp"

#include <algorithm>

namespace gauntlet {

void Trace::prune(std::vector<Node*>& live) {
  // Children come after their parents, so one backward pass marks all ancestors. A node with one
  // live child and no live way ending in it is shared if all before it are.
  std::vector<std::uint8_t> children(nodes_.size(), 0);  // 0, 1, or 2 for more
  std::vector<bool> ends(nodes_.size(), false);
  std::vector<bool> marked(nodes_.size(), false);
  marked[root] = true;
  for (const Node* node : live) {
    marked[*node] = true;
    ends[*node] = true;
  }
  for (std::size_t i = nodes_.size(); i-- > 1;) {
    if (!marked[i]) continue;
    const Node parent = nodes_[i].parent;
    marked[parent] = true;
    children[parent] = static_cast<std::uint8_t>(std::min(2, children[parent] + 1));
  }
  std::vector<Node> renamed(nodes_.size(), root);
  std::size_t kept = 1;
  bool sharing = true;  // the way so far is one line, ending in the node before
  Node line_end = root;
  for (Node i = 0; i < nodes_.size(); ++i) {
    if (!marked[i]) continue;
    if (sharing && i != root) {
      sharing = nodes_[i].parent == line_end && children[line_end] == 1 && !ends[line_end];
      if (sharing) {
        shared_.push_back(nodes_[i].step);
        line_end = i;
        continue;  // renamed to the root
      }
    }
    if (i == root) continue;
    renamed[i] = static_cast<Node>(kept);
    nodes_[kept] = {renamed[nodes_[i].parent], nodes_[i].step};
    ++kept;
  }
  nodes_.resize(kept);
  for (Node* node : live)
    *node = renamed[*node];
  prune_at_ = std::max<std::size_t>(1u << 16, 2 * kept);
}

std::vector<Trace::Step> Trace::way(Node node) const {
  std::vector<Step> steps;
  for (; node != root; node = nodes_[node].parent)
    steps.push_back(nodes_[node].step);
  std::reverse(steps.begin(), steps.end());
  steps.insert(steps.begin(), shared_.begin(), shared_.end());
  return steps;
}

}  // namespace gauntlet
