#include "checker/transactional/anomaly_search.hpp"

#include <algorithm>
#include <numeric>

#include "checker/transactional/real_time.hpp"
#include "checker/transactional/tarjan.hpp"

namespace gauntlet {

namespace {

bool any_edge(std::uint32_t, Edge) {
  return true;
}

class AnomalySearch {
 public:
  AnomalySearch(const VersionOrders& orders, std::size_t each_max, Effort& effort)
      : orders_(orders), all_(orders.transactions()), each_max_(each_max), effort_(effort) {}

  FoundAnomalies run() {
    Observations seen = observations_of(orders_, each_max_, effort_);
    result_.counts = std::move(seen.counts);
    result_.observations = std::move(seen.first);
    if (seen.own_appends_lost) result_.orders_known = false;
    if (seen.finished) find_cycles();
    look_at_keys();
    if (effort_.exhausted_now()) result_.unfinished = effort_.reason();
    return std::move(result_);
  }

 private:
  void look_at_keys() {
    for (const char* const name : {"thin-air read", "incompatible order"}) {
      if (result_.counts.contains(name)) result_.orders_known = false;
    }
    for (KeyId k = 0; k < all_.key_count(); ++k) {
      if (orders_.is_ambiguous(k)) {
        result_.unfinished = "an element was appended twice to key " +
                             all_.history().values().to_text(all_.key(k), 40) +
                             ", so that nobody can tell who is read";
      }
      if (!orders_.is_ordered(k)) result_.orders_known = false;
    }
  }

  void find_cycles() {
    DependencyGraph dependencies = dependencies_of(orders_, effort_);
    if (!dependencies.finished) return;
    if (dependencies.is_cut) {
      result_.unfinished = "a key has too many appends that nobody read";
    }
    const Graph& graph = dependencies.graph;
    result_.edges = graph.edges.size();
    const Components components = components_of(graph, effort_, any_edge);
    if (!components.finished) return;
    const auto regions = regions_of(graph, components);
    if (components.is_acyclic() && regions.empty()) return;
    if (!effort_.allows(std::size_t{all_.size()} * sizeof(Txn))) return;
    position_.assign(all_.size(), no_txn);
    for (const auto& members : components.cyclic()) {
      if (effort_.exhausted()) return;
      judge_unread(members);
      const Graph part = part_of(graph, members, position_);
      for (ClassifiedCycle& cycle : cycles_of_component(part, false, effort_)) {
        cycle.cycle.among = members.size();
        keep(std::move(cycle.cycle), members);
      }
    }
    for (const Region& region : regions) {
      if (effort_.exhausted()) return;
      judge_unread(region.members);
      search_region(graph, region);
    }
  }

  /// What is cyclic with the order of time; where that is not known, with that of processes.
  std::vector<Region> regions_of(const Graph& graph, const Components& components) {
    if (all_.history().has_real_time()) {
      return real_time_regions(orders_, graph, components, effort_);
    }
    std::vector<Txn> all(all_.size());
    std::iota(all.begin(), all.end(), Txn{0});
    const Graph with_processes = with_process_order(graph, all_, all);
    const Components connected = components_of(with_processes, effort_, any_edge);
    std::vector<Region> regions;
    if (!connected.finished) return regions;
    for (auto& members : connected.cyclic()) {
      std::sort(members.begin(), members.end());
      regions.push_back({0, static_cast<EventIndex>(all_.history().size()), std::move(members)});
    }
    return regions;
  }

  void search_region(const Graph& graph, const Region& region) {
    const Graph part = part_of(graph, region.members, position_);
    std::vector<CycleClass> by_process;
    for (ClassifiedCycle& cycle : process_cycles(part, region)) {
      by_process.push_back(cycle.cycle_class);
      keep(std::move(cycle.cycle), region.members);
    }
    if (!all_.history().has_real_time()) return;
    for (ClassifiedCycle& cycle : real_time_cycles(all_, region, part, effort_)) {
      // What a process sees by itself says more than that it contradicts real time.
      if (std::find(by_process.begin(), by_process.end(), cycle.cycle_class) != by_process.end()) {
        continue;
      }
      keep(std::move(cycle.cycle), region.members);
    }
  }

  /// Cycles with the order of processes. Each of them is cyclic in real time too, as a process does
  /// one thing after another; so the regions have them all.
  std::vector<ClassifiedCycle> process_cycles(const Graph& part, const Region& region) {
    const Graph graph = with_process_order(part, all_, region.members);
    const Components components = components_of(graph, effort_, any_edge);
    std::vector<ClassifiedCycle> result;
    if (!components.finished) return result;
    std::vector<std::uint32_t> position(graph.size(), no_txn);
    for (const auto& members : components.cyclic()) {
      const Graph component = part_of(graph, members, position);
      for (ClassifiedCycle& found : cycles_of_component(component, true, effort_)) {
        found.cycle.among = members.size();
        for (Txn& t : found.cycle.transactions)
          t = members[t];
        result.push_back(std::move(found));
      }
    }
    return result;
  }

  /// Two appends that nobody read, to one key and in one circle, may have come in either order.
  void judge_unread(const std::vector<Txn>& members) {
    std::vector<KeyId> keys;
    for (const Txn t : members) {
      std::vector<KeyId> own;
      for (MicroId m = all_.first(t); m < all_.end(t); ++m) {
        if (all_.micro(m).writes && !orders_.is_observed(m)) own.push_back(all_.micro(m).key);
      }
      std::sort(own.begin(), own.end());
      own.erase(std::unique(own.begin(), own.end()), own.end());
      keys.insert(keys.end(), own.begin(), own.end());
    }
    std::sort(keys.begin(), keys.end());
    if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) result_.orders_known = false;
  }

  /// Counts the cycle, and keeps it if it is one of the shortest of its name.
  void keep(Cycle cycle, const std::vector<Txn>& members) {
    for (Txn& t : cycle.transactions)
      t = members[t];
    const std::string name = name_of(class_of(cycle.edges), cycle.edges);
    ++result_.counts[name];
    auto& kept = kept_[name];
    std::size_t longest = 0;
    for (std::size_t i = 1; i < kept.size(); ++i) {
      if (length(kept[i]) > length(kept[longest])) longest = i;
    }
    if (kept.size() < each_max_) {
      kept.push_back(result_.cycles.size());
      result_.cycles.push_back(std::move(cycle));
    } else if (!kept.empty() && length(kept[longest]) > cycle.edges.size()) {
      result_.cycles[kept[longest]] = std::move(cycle);
    }
  }

  std::size_t length(std::size_t cycle) const { return result_.cycles[cycle].edges.size(); }

  const VersionOrders& orders_;
  const Transactions& all_;
  std::size_t each_max_;
  Effort& effort_;
  FoundAnomalies result_;
  std::map<std::string, std::vector<std::size_t>> kept_;  // by name: places in result_.cycles
  std::vector<std::uint32_t> position_;
};

}  // namespace

FoundAnomalies find_anomalies(const VersionOrders& orders, std::size_t each_max, Effort& effort) {
  return AnomalySearch(orders, each_max, effort).run();
}

}  // namespace gauntlet
