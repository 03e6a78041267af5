#include "checker/transactional/component_cycles.hpp"

#include <algorithm>

#include "checker/transactional/tarjan.hpp"

namespace gauntlet {

namespace {

constexpr std::size_t shortening_steps_max = 20'000'000;

struct Candidate {
  std::uint32_t source;
  Edge edge;
};

bool is_not_rw(std::uint32_t, Edge edge) {
  return edge.kind() != Dependency::rw;
}

/// The graph of pairs (vertex, whether the last edge was an rw), numbered 2 * vertex + that.
Graph pairs_of(const Graph& graph) {
  Graph pairs;
  pairs.edges.reserve(2 * graph.edges.size());
  for (std::uint32_t v = 0; v < graph.size(); ++v) {
    for (const bool after_rw : {false, true}) {
      for (const Edge edge : graph.out(v)) {
        const bool is_rw = edge.kind() == Dependency::rw;
        if (!is_rw || !after_rw) pairs.edges.emplace_back(2 * edge.target() + is_rw, edge.kind());
      }
      pairs.first.push_back(static_cast<std::uint32_t>(pairs.edges.size()));
    }
  }
  return pairs;
}

class ComponentSearch {
 public:
  ComponentSearch(const Graph& graph, bool needs_process, Effort& effort)
      : graph_(graph), needs_process_(needs_process), effort_(effort), finder_(graph, effort) {}

  std::vector<ClassifiedCycle> run() {
    without_rw_ = components_of(graph_, effort_, is_not_rw);
    if (!without_rw_.finished) return {};
    find_g0();
    find_g1c();
    find_without_adjacent_rw();
    find_g2_item();
    if (found_.empty() && !needs_process_) find_any();
    return std::move(found_);
  }

 private:
  template <class Accepts>
  std::vector<Candidate> candidates(Accepts accepts) const {
    std::vector<Candidate> result;
    for (std::uint32_t v = 0; v < graph_.size(); ++v) {
      for (const Edge edge : graph_.out(v)) {
        if (accepts(v, edge)) result.push_back({v, edge});
      }
    }
    return result;
  }

  /// Keeps the path, which leads from the end of `begin` back to where that began.
  void consider(const std::vector<Candidate>& begin, const Path& path) {
    Cycle cycle;
    for (const Candidate& edge : begin) {
      cycle.transactions.push_back(edge.source);
      cycle.edges.push_back(edge.edge.kind());
    }
    cycle.transactions.insert(cycle.transactions.end(), path.vertices.begin(),
                              path.vertices.end() - 1);
    cycle.edges.insert(cycle.edges.end(), path.edges.begin(), path.edges.end());
    const auto kind = class_of(cycle.edges);
    if (needs_process_ && std::find(cycle.edges.begin(), cycle.edges.end(), Dependency::process) ==
                              cycle.edges.end()) {
      return;
    }
    for (ClassifiedCycle& known : found_) {
      if (known.cycle_class != kind) continue;
      if (cycle.edges.size() < known.cycle.edges.size()) known.cycle = std::move(cycle);
      return;
    }
    found_.push_back({kind, std::move(cycle)});
  }

  std::uint32_t length_of(CycleClass kind) const {
    for (const ClassifiedCycle& known : found_) {
      if (known.cycle_class == kind) return static_cast<std::uint32_t>(known.cycle.edges.size());
    }
    return no_txn;
  }

  /// Shortens the cycle of the class through each of the edges.
  void shorten(CycleClass kind, const std::vector<Candidate>& edges, const Automaton& automaton,
               std::uint8_t state, std::uint8_t accepts, std::uint32_t length_min) {
    const std::size_t steps_before = finder_.steps();
    for (const Candidate& edge : edges) {
      const std::uint32_t best = length_of(kind);
      if (best <= length_min) return;
      if (finder_.steps() > steps_before + shortening_steps_max) return;
      PathQuery query{edge.edge.target(), edge.source, state, accepts};
      if (best != no_txn) query.edges_max = best - 2;
      const auto path = finder_.find(automaton, query);
      if (path && path->is_simple()) consider({edge}, *path);
    }
  }

  void find_g0() {
    const auto is_neutral = [](std::uint32_t, Edge edge) {
      return edge.kind() == Dependency::ww || edge.kind() == Dependency::process;
    };
    const Components parts = components_of(graph_, effort_, is_neutral);
    if (!parts.finished || parts.is_acyclic()) return;
    const auto edges = candidates([&](std::uint32_t v, Edge edge) {
      return edge.kind() == Dependency::ww && parts.component[v] == parts.component[edge.target()];
    });
    shorten(CycleClass::g0, edges, automaton_of(CycleClass::g0), 0, 1, 2);
  }

  void find_g1c() {
    if (without_rw_.is_acyclic()) return;
    const auto edges = candidates([&](std::uint32_t v, Edge edge) {
      return edge.kind() == Dependency::wr &&
             without_rw_.component[v] == without_rw_.component[edge.target()];
    });
    shorten(CycleClass::g1c, edges, paths_without_rw(), 0, 1, 2);
  }

  void find_without_adjacent_rw() {
    const Graph pairs = pairs_of(graph_);
    const Components parts =
        components_of(pairs, effort_, [](std::uint32_t, Edge) { return true; });
    if (!parts.finished || parts.is_acyclic()) return;
    const auto edges = candidates([&](std::uint32_t v, Edge edge) {
      return edge.kind() == Dependency::rw &&
             parts.component[std::size_t{2} * v] ==
                 parts.component[std::size_t{2} * edge.target() + 1];
    });
    const auto single = closed_without_rw(edges);
    shorten(CycleClass::g_single, single, paths_without_rw(), 0, 1, 2);
    shorten(CycleClass::g_nonadjacent, edges, automaton_of(CycleClass::g_nonadjacent), behind_rw,
            several_closed, 4);
  }

  /// Of the edges, those whose target leads back to their source without rw.
  std::vector<Candidate> closed_without_rw(std::vector<Candidate> edges) {
    const auto& component = without_rw_.component;
    // A path without rw never leads to a higher component.
    std::erase_if(edges, [&](const Candidate& edge) {
      return component[edge.edge.target()] < component[edge.source];
    });
    std::sort(edges.begin(), edges.end(), [&](const Candidate& a, const Candidate& b) {
      return component[a.edge.target()] > component[b.edge.target()];
    });
    std::vector<std::uint32_t> place(without_rw_.count + 1, 0);  // of components in their order
    for (const std::uint32_t c : component)
      ++place[c + 1];
    for (std::size_t c = 1; c < place.size(); ++c)
      place[c] += place[c - 1];
    std::vector<std::uint64_t> reached(without_rw_.count, 0);
    std::vector<Candidate> closed;
    for (std::size_t i = 0; i < edges.size(); i += 64) {
      const std::size_t end = std::min(i + 64, edges.size());
      std::uint32_t lowest = no_txn;
      for (std::size_t e = i; e < end; ++e) {
        reached[component[edges[e].edge.target()]] |= std::uint64_t{1} << (e - i);
        lowest = std::min(lowest, component[edges[e].source]);
      }
      const std::uint32_t highest = component[edges[i].edge.target()];
      for (std::uint32_t c = highest; c != no_txn && c >= lowest; --c) {
        if (effort_.exhausted()) return closed;
        if (reached[c] != 0) pass_on(c, place, reached);
      }
      for (std::size_t e = i; e < end; ++e) {
        if ((reached[component[edges[e].source]] >> (e - i) & 1) != 0) closed.push_back(edges[e]);
      }
      std::fill(reached.begin(), reached.begin() + highest + 1, 0);
    }
    return closed;
  }

  void pass_on(std::uint32_t c, const std::vector<std::uint32_t>& place,
               std::vector<std::uint64_t>& reached) const {
    for (std::uint32_t i = place[c]; i < place[c + 1]; ++i) {
      for (const Edge edge : graph_.out(without_rw_.order[i])) {
        if (edge.kind() == Dependency::rw) continue;
        reached[without_rw_.component[edge.target()]] |= reached[c];
      }
    }
  }

  void find_g2_item() {
    const std::size_t steps_before = finder_.steps();
    for (std::uint32_t u = 0; u < graph_.size(); ++u) {
      for (const Edge first : graph_.out(u)) {
        if (first.kind() != Dependency::rw) continue;
        for (const Edge second : graph_.out(first.target())) {
          if (second.kind() != Dependency::rw) continue;
          const std::uint32_t best = length_of(CycleClass::g2_item);
          if (best == 2 || finder_.steps() > steps_before + shortening_steps_max) return;
          if (effort_.exhausted()) return;
          PathQuery query{second.target(), u, 0, 1};
          if (best != no_txn) query.edges_max = best - 3;
          query.avoid = first.target();
          const auto path = finder_.find(all_paths(), query);
          if (path) consider({{u, first}, {first.target(), second}}, *path);
        }
      }
    }
  }

  /// Some cycle, of whatever class.
  void find_any() {
    for (std::uint32_t v = 0; v < graph_.size() && found_.empty(); ++v) {
      for (const Edge edge : graph_.out(v)) {
        const auto path = finder_.find(all_paths(), {edge.target(), v, 0, 1});
        if (path) consider({{v, edge}}, *path);
      }
    }
  }

  const Graph& graph_;
  bool needs_process_;
  Effort& effort_;
  PathFinder finder_;
  Components without_rw_;
  std::vector<ClassifiedCycle> found_;
};

}  // namespace

std::vector<ClassifiedCycle> cycles_of_component(const Graph& graph, bool needs_process,
                                                 Effort& effort) {
  return ComponentSearch(graph, needs_process, effort).run();
}

}  // namespace gauntlet
