#include "nemesis/node_names.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggest.hpp"

namespace gauntlet {

Result<NodeNames> split_node_names(std::string_view text, const NodeNames& nodes) {
  NodeNames result;
  while (true) {
    const std::size_t end = text.find('+');
    const std::string name(text.substr(0, end));
    if (name.empty()) return failure(ErrorKind::usage, "a node name is missing in a list with +");
    if (std::ranges::count(result, name) > 0) {
      return failure(ErrorKind::usage, fmt::format("node {} is named twice", name));
    }
    if (!nodes.empty() && std::ranges::count(nodes, name) == 0) {
      return failure(ErrorKind::usage, fmt::format("no node '{}'", name),
                     did_you_mean(name, nodes));
    }
    result.push_back(name);
    if (end == std::string_view::npos) return result;
    text.remove_prefix(end + 1);
  }
}

NodeNames common_of(const NodeNames& nodes, const NodeNames& some) {
  NodeNames result;
  std::ranges::copy_if(nodes, std::back_inserter(result),
                       [&](const auto& name) { return std::ranges::count(some, name) > 0; });
  return result;
}

NodeNames others_of(const NodeNames& nodes, const NodeNames& some) {
  NodeNames result;
  std::ranges::copy_if(nodes, std::back_inserter(result),
                       [&](const auto& name) { return std::ranges::count(some, name) == 0; });
  return result;
}

NodeNames node_names(const Cluster& cluster) {
  NodeNames result;
  for (const Node* node : cluster.nodes())
    result.push_back(node->name());
  return result;
}

std::vector<Node*> nodes_named(const Cluster& cluster, const NodeNames& names) {
  std::vector<Node*> result;
  for (const auto& name : names) {
    if (Node* node = cluster.find(name)) result.push_back(node);
  }
  return result;
}

Value to_value(const NodeNames& names) {
  Value::List list;
  for (const auto& name : names)
    list.emplace_back(name);
  return list;
}

NodeNames names_from(const Value* value) {
  NodeNames result;
  if (value == nullptr || !value->is_list()) return result;
  for (const auto& item : value->items()) {
    if (item.is_string()) result.push_back(item.string());
  }
  return result;
}

}  // namespace gauntlet
