#include "checker/transactional/path_finder.hpp"

#include <algorithm>

namespace gauntlet {

bool Path::is_simple() const {
  std::vector<std::uint32_t> sorted = vertices;
  std::sort(sorted.begin(), sorted.end());
  return std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

Path PathFinder::trace(std::uint32_t pair, std::uint32_t start) const {
  Path path;
  while (true) {
    path.vertices.push_back(pair / Automaton::states_max);
    if (pair == start) break;
    path.edges.push_back(visits_[pair].kind);
    pair = visits_[pair].from;
  }
  std::reverse(path.vertices.begin(), path.vertices.end());
  std::reverse(path.edges.begin(), path.edges.end());
  return path;
}

std::optional<Path> PathFinder::find(const Automaton& automaton, const PathQuery& query) {
  const auto is_end = [&](std::uint32_t pair) {
    return pair / Automaton::states_max == query.to &&
           (query.accepts >> (pair % Automaton::states_max) & 1) != 0;
  };
  visits_.resize(std::size_t{graph_.size()} * Automaton::states_max);
  ++search_;
  const std::uint32_t start = query.from * Automaton::states_max + query.state;
  if (is_end(start)) return trace(start, start);
  visits_[start].search = search_;
  queue_.assign(1, start);
  std::size_t level_end = 1;
  std::uint32_t length = 1;  // of the paths to what is found now
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    if (i == level_end) {
      level_end = queue_.size();
      ++length;
    }
    if (length > query.edges_max) return std::nullopt;
    const std::uint32_t pair = queue_[i];
    const auto state = static_cast<std::uint8_t>(pair % Automaton::states_max);
    for (const Edge edge : graph_.out(pair / Automaton::states_max)) {
      if (effort_.exhausted()) return std::nullopt;
      ++steps_;
      const std::uint8_t next = automaton.step(state, edge.kind());
      if (next == Automaton::dead || edge.target() == query.avoid) continue;
      const std::uint32_t reached = edge.target() * Automaton::states_max + next;
      Visit& visit = visits_[reached];
      if (visit.search == search_) continue;
      visit = {search_, pair, edge.kind()};
      if (is_end(reached)) return trace(reached, start);
      queue_.push_back(reached);
    }
  }
  return std::nullopt;
}

}  // namespace gauntlet
