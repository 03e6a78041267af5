// Tarjan's algorithm for components_of (dependency_graph.hpp).
#pragma once

#include <algorithm>
#include <limits>

#include "checker/transactional/dependency_graph.hpp"

namespace gauntlet {

template <class Follows>
Components components_of(const Graph& graph, Effort& effort, Follows follows) {
  constexpr std::uint32_t unseen = std::numeric_limits<std::uint32_t>::max();
  struct Frame {
    std::uint32_t vertex;
    std::uint32_t edge;
    std::uint32_t number;
  };
  Components result;
  const std::uint32_t size = graph.size();
  if (!effort.allows(std::size_t{size} * 24)) return result;
  result.component.assign(size, unseen);
  result.order.reserve(size);
  std::vector<std::uint32_t> low(size, unseen);  // the lowest number that was reached
  std::vector<std::uint32_t> stack;
  std::vector<Frame> path;
  std::uint32_t next = 0;
  const auto enter = [&](std::uint32_t v) {
    path.push_back({v, graph.first[v], next});
    low[v] = next++;
    stack.push_back(v);
  };
  const auto leave = [&](const Frame& frame) {
    const std::uint32_t v = frame.vertex;
    if (low[v] == frame.number) {  // the first that was entered of its component
      std::uint32_t member = unseen;
      do {
        member = stack.back();
        stack.pop_back();
        result.component[member] = result.count;
        result.order.push_back(member);
      } while (member != v);
      ++result.count;
    }
    path.pop_back();
    if (!path.empty()) low[path.back().vertex] = std::min(low[path.back().vertex], low[v]);
  };
  for (std::uint32_t root = 0; root < size; ++root) {
    if (low[root] == unseen) enter(root);
    while (!path.empty()) {
      if (effort.exhausted()) return result;
      Frame& frame = path.back();
      const std::uint32_t v = frame.vertex;
      std::uint32_t found = unseen;
      while (found == unseen && frame.edge < graph.first[v + 1]) {
        const Edge edge = graph.edges[frame.edge++];
        if (!follows(v, edge)) continue;
        const std::uint32_t w = edge.target();
        if (low[w] == unseen) {
          found = w;
        } else if (result.component[w] == unseen) {
          low[v] = std::min(low[v], low[w]);
        }
      }
      if (found != unseen) {
        enter(found);
      } else {
        leave(Frame(frame));
      }
    }
  }
  result.finished = true;
  return result;
}

}  // namespace gauntlet
