#include "checker/transactional/polygraph_cycle.hpp"

#include <algorithm>
#include <numeric>

namespace gauntlet {

namespace {

constexpr std::size_t tries_max = 48;

}  // namespace

RefutationTrace::RefutationTrace(const Polygraph& graph, const Saturation& saturation,
                                 Effort& effort)
    : graph_(graph),
      saturation_(saturation),
      effort_(effort),
      known_(graph.vertices, graph.arcs, {}),
      forced_first_(std::size_t{graph.vertices} + 1, 0),
      forced_(saturation.arcs.size()),
      has_(graph.all->size(), false),
      expanded_(saturation.forced.size(), false),
      visited_(graph.vertices, 0),
      via_(graph.vertices, no_vertex) {
  for (const Arc& arc : saturation.arcs)
    ++forced_first_[arc.from + 1];
  std::partial_sum(forced_first_.begin(), forced_first_.end(), forced_first_.begin());
  std::vector<std::uint32_t> at(forced_first_.begin(), forced_first_.end() - 1);
  for (std::uint32_t i = 0; i < saturation.arcs.size(); ++i)
    forced_[at[saturation.arcs[i].from]++] = i;
}

/// Shortest, by the known arcs and the first `forced_max` forced ones. Empty if there is none.
std::vector<Vertex> RefutationTrace::path(Vertex from, Vertex to, std::uint32_t forced_max,
                                          std::size_t length_max) {
  ++search_;
  std::vector<Vertex> level{from};
  visited_[from] = search_;
  for (std::size_t length = 1; visited_[to] != search_; ++length) {
    if (level.empty() || length >= length_max) return {};
    std::vector<Vertex> next;
    for (const Vertex v : level) {
      if (effort_.exhausted()) return {};
      const auto visit = [&](Vertex w) {
        if (visited_[w] == search_) return;
        visited_[w] = search_;
        via_[w] = v;
        next.push_back(w);
      };
      for (const Vertex w : known_.out(v))
        visit(w);
      for (std::uint32_t i = forced_first_[v]; i < forced_first_[v + 1]; ++i) {
        if (forced_[i] < forced_max) visit(saturation_.arcs[forced_[i]].to);
      }
    }
    level = std::move(next);
  }
  std::vector<Vertex> result{to};
  while (result.back() != from)
    result.push_back(via_[result.back()]);
  std::reverse(result.begin(), result.end());
  return result;
}

/// Vertices that known cycles lead to and that lead to known cycles.
std::vector<bool> RefutationTrace::between_cycles() const {
  std::vector<bool> left(graph_.vertices, true);
  for (const Vertex v : saturation_.topological)
    left[v] = false;
  std::vector<std::uint32_t> leaving(graph_.vertices, 0);
  std::vector<std::vector<Vertex>> into(graph_.vertices);
  for (const Arc& arc : graph_.arcs) {
    if (!left[arc.from] || !left[arc.to]) continue;
    ++leaving[arc.from];
    into[arc.to].push_back(arc.from);
  }
  std::vector<Vertex> ends;
  for (Vertex v = 0; v < graph_.vertices; ++v) {
    if (left[v] && leaving[v] == 0) ends.push_back(v);
  }
  while (!ends.empty()) {
    const Vertex v = ends.back();
    ends.pop_back();
    left[v] = false;
    for (const Vertex from : into[v]) {
      if (--leaving[from] == 0) ends.push_back(from);
    }
  }
  return left;
}

void RefutationTrace::add_cycle() {
  // A cycle has an arc of the last round, if there was one: the round before had none.
  std::vector<Arc> candidates;
  const auto& forced = saturation_.forced;
  if (!forced.empty()) {
    for (std::size_t i = saturation_.arcs.size(); i-- > forced.back().arcs_known;)
      candidates.push_back(saturation_.arcs[i]);
  } else {
    const std::vector<bool> cyclic = between_cycles();
    for (const Arc& arc : graph_.arcs) {
      if (cyclic[arc.from] && cyclic[arc.to]) candidates.push_back(arc);
    }
  }
  const auto arcs = static_cast<std::uint32_t>(saturation_.arcs.size());
  std::vector<Vertex> best;
  const std::size_t step = std::max<std::size_t>(1, candidates.size() / tries_max);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i % step != 0 && !best.empty()) continue;
    const std::size_t length_max = best.empty() ? graph_.vertices + 1 : best.size();
    auto found = path(candidates[i].to, candidates[i].from, arcs, length_max);
    if (!found.empty()) best = std::move(found);
  }
  if (best.empty()) return;
  best.push_back(best.front());
  add_path(best);
  expand();
}

void RefutationTrace::add_vertices(const std::vector<Vertex>& vertices) {
  std::vector<bool> among(graph_.vertices, false);
  for (const Vertex v : vertices) {
    among[v] = true;
    add_vertex(v);
  }
  for (std::uint32_t i = 0; i < saturation_.arcs.size(); ++i) {
    const Arc arc = saturation_.arcs[i];
    if (among[arc.from] && among[arc.to]) open_.push_back(saturation_.order[i]);
  }
  expand();
}

void RefutationTrace::add_pair(std::uint32_t a, std::uint32_t b) {
  add_chain(a);
  add_chain(b);
}

void RefutationTrace::add_chain(std::uint32_t c) {
  const Chain& chain = graph_.chains[c];
  if (chain.first != no_txn) has_[chain.first] = true;
  if (chain.last != no_txn) has_[chain.last] = true;
}

void RefutationTrace::add_vertex(Vertex v) {
  if (graph_.is_moment(v)) has_[graph_.transaction(v)] = true;
}

void RefutationTrace::add_path(const std::vector<Vertex>& vertices) {
  for (std::size_t i = 0; i < vertices.size(); ++i) {
    add_vertex(vertices[i]);
    if (i > 0) add_arc(vertices[i - 1], vertices[i]);
  }
}

/// If it is not known, why it was forced.
void RefutationTrace::add_arc(Vertex from, Vertex to) {
  const auto known = known_.out(from);
  if (std::find(known.begin(), known.end(), to) != known.end()) return;
  for (std::uint32_t i = forced_first_[from]; i < forced_first_[from + 1]; ++i) {
    if (saturation_.arcs[forced_[i]].to != to) continue;
    open_.push_back(saturation_.order[forced_[i]]);
    return;
  }
}

void RefutationTrace::expand() {
  while (!open_.empty() && !effort_.exhausted()) {
    const std::uint32_t place = open_.back();
    open_.pop_back();
    if (expanded_[place]) continue;
    expanded_[place] = true;
    const ForcedOrder& order = saturation_.forced[place];
    add_chain(order.before);
    add_chain(order.after);
    add_path(path(order.from, order.to, order.arcs_known, graph_.vertices + 1));
  }
}

std::vector<Txn> RefutationTrace::transactions() const {
  const Footprints& all = *graph_.all;
  std::vector<bool> wanted = has_;
  for (Txn t = 0; t < all.size(); ++t) {
    if (!has_[t]) continue;
    for (const FootprintRead& read : all.reads_of(t)) {
      for (const WriteId w : all.sources_of(read)) {
        if (w != initial_write) wanted[all.write_owners[w]] = true;
      }
    }
  }
  std::vector<Txn> result;
  for (Txn t = 0; t < all.size(); ++t) {
    if (wanted[t]) result.push_back(t);
  }
  return result;
}

}  // namespace gauntlet
