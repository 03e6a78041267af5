#include "checker/transactional/real_time.hpp"

#include <algorithm>

namespace gauntlet {

namespace {

/// Of each transaction, the latest invocation of all that it depends on, itself included.
std::vector<EventIndex> latest_ancestors(const Transactions& all, const Graph& graph,
                                         const Components& components, Effort& effort) {
  std::vector<EventIndex> latest;
  if (!effort.allows(std::size_t{graph.size()} * sizeof(EventIndex))) return latest;
  latest.resize(graph.size());
  for (Txn t = 0; t < all.size(); ++t)
    latest[t] = all.invoked(t);
  const auto& order = components.order;
  // Sources first: a component has all of its ancestors' when its turn comes.
  for (std::size_t end = order.size(); end > 0;) {
    if (effort.exhausted()) return {};
    std::size_t begin = end - 1;
    EventIndex best = latest[order[begin]];
    while (begin > 0 &&
           components.component[order[begin - 1]] == components.component[order[begin]])
      best = std::max(best, latest[order[--begin]]);
    for (std::size_t i = begin; i < end; ++i) {
      latest[order[i]] = best;
      for (const Edge edge : graph.out(order[i]))
        latest[edge.target()] = std::max(latest[edge.target()], best);
    }
    end = begin;
  }
  return latest;
}

std::vector<Region> merged(std::vector<Region> regions) {
  std::sort(regions.begin(), regions.end(),
            [](const Region& a, const Region& b) { return a.begin < b.begin; });
  std::vector<Region> result;
  for (Region& region : regions) {
    if (!result.empty() && region.begin < result.back().end) {
      result.back().end = std::max(result.back().end, region.end);
    } else {
      result.push_back(std::move(region));
    }
  }
  return result;
}

}  // namespace

std::vector<Region> real_time_regions(const VersionOrders& orders, const Graph& graph,
                                      const Components& components, Effort& effort) {
  const Transactions& all = orders.transactions();
  const auto latest = latest_ancestors(all, graph, components, effort);
  if (latest.empty()) return {};
  std::vector<Region> regions;
  for (Txn t = 0; t < all.size(); ++t) {
    if (!orders.happened(t) || all.completed(t) >= latest[t]) continue;
    regions.push_back({all.completed(t), latest[t], {}});
  }
  regions = merged(std::move(regions));
  if (regions.empty()) return regions;
  for (Txn t = 0; t < all.size(); ++t) {
    if (!orders.happened(t)) continue;
    // A path from an invocation within a region leads to t only if that is no later than the latest
    // invocation that t depends on; and if t was invoked after the region's end, then so was all
    // that depends on it completed.
    auto region = std::partition_point(regions.begin(), regions.end(),
                                       [&](const Region& r) { return r.end < all.invoked(t); });
    for (; region != regions.end() && region->begin <= latest[t]; ++region)
      region->members.push_back(t);
  }
  return regions;
}

namespace {

/// Looks for the shortest path of a class that ends before it begins, level by level: for each pair
/// (vertex, state) the latest invocation from which a path of so many edges comes.
class RealTimeSearch {
 public:
  RealTimeSearch(const Transactions& all, const Region& region, const Graph& part, Effort& effort)
      : all_(all), region_(region), part_(part), effort_(effort), finder_(part, effort) {}

  std::optional<Cycle> find(CycleClass kind) {
    const Automaton& automaton = automaton_of(kind);
    const std::uint32_t size = part_.size();
    latest_.assign(std::size_t{size} * Automaton::states_max, 0);
    std::vector<Label> front;
    for (std::uint32_t v = 0; v < size; ++v) {
      if (all_.invoked(region_.members[v]) <= region_.begin) continue;
      const Label label{v * Automaton::states_max, invocation(v)};
      latest_[label.pair] = label.invocation;
      front.push_back(label);
    }
    std::vector<Label> next;
    while (!front.empty()) {
      next.clear();
      for (const Label& label : front) {
        if (latest_[label.pair] != label.invocation) continue;  // a later one came meanwhile
        if (auto cycle = advance(automaton, label, next)) return cycle;
        if (effort_.exhausted()) return std::nullopt;
      }
      front.swap(next);
    }
    return std::nullopt;
  }

 private:
  struct Label {
    std::uint32_t pair;
    std::uint32_t invocation;  ///< plus one
  };

  std::uint32_t invocation(std::uint32_t v) const { return all_.invoked(region_.members[v]) + 1; }

  std::optional<Cycle> advance(const Automaton& automaton, const Label& label,
                               std::vector<Label>& next) {
    const auto state = static_cast<std::uint8_t>(label.pair % Automaton::states_max);
    for (const Edge edge : part_.out(label.pair / Automaton::states_max)) {
      if (effort_.exhausted()) return std::nullopt;
      const std::uint8_t reached = automaton.step(state, edge.kind());
      if (reached == Automaton::dead) continue;
      const std::uint32_t pair = edge.target() * Automaton::states_max + reached;
      if (latest_[pair] >= label.invocation) continue;
      latest_[pair] = label.invocation;
      next.push_back({pair, label.invocation});
      const EventIndex completed = all_.completed(region_.members[edge.target()]);
      if (!automaton.accepts_in(reached) || completed >= label.invocation - 1) continue;
      if (auto cycle = close(automaton, label.invocation - 1, edge.target())) return cycle;
    }
    return std::nullopt;
  }

  /// The cycle of a path from the transaction invoked then; nothing where the path meets itself, as
  /// then a part of it is a cycle by itself.
  std::optional<Cycle> close(const Automaton& automaton, EventIndex invoked, std::uint32_t to) {
    const auto from =
        std::lower_bound(region_.members.begin(), region_.members.end(), invoked,
                         [&](Txn t, EventIndex event) { return all_.invoked(t) < event; });
    PathQuery query;
    query.from = static_cast<std::uint32_t>(from - region_.members.begin());
    query.to = to;
    query.accepts = automaton.accepts;
    auto path = finder_.find(automaton, query);
    if (!path || !path->is_simple()) return std::nullopt;
    path->edges.push_back(Dependency::realtime);
    return Cycle{std::move(path->vertices), std::move(path->edges)};
  }

  const Transactions& all_;
  const Region& region_;
  const Graph& part_;
  Effort& effort_;
  PathFinder finder_;
  std::vector<std::uint32_t> latest_;
};

}  // namespace

std::vector<ClassifiedCycle> real_time_cycles(const Transactions& transactions,
                                              const Region& region, const Graph& part,
                                              Effort& effort) {
  std::vector<ClassifiedCycle> result;
  RealTimeSearch search(transactions, region, part, effort);
  for (const CycleClass kind : cycle_classes) {
    if (auto cycle = search.find(kind)) result.push_back({kind, std::move(*cycle)});
  }
  return result;
}

}  // namespace gauntlet
