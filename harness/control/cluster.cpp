#include "harness/control/cluster.hpp"

#include "base/assert.hpp"

namespace gauntlet {

Node* Cluster::find(std::string_view name) const {
  for (Node* node : nodes()) {
    if (node->name() == name) return node;
  }
  return nullptr;
}

Result<void> all_of(const std::vector<Node*>& nodes, const std::vector<Result<void>>& results) {
  GAUNTLET_ASSERT(nodes.size() == results.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (results[i]) continue;
    Error error = results[i].error();
    const std::string prefix = nodes[i]->name() + ": ";
    if (error.what.rfind(prefix, 0) != 0) error.what = prefix + error.what;
    return error;
  }
  return {};
}

}  // namespace gauntlet
