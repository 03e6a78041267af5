#include "checker/transactional/polygraph_saturation.hpp"

#include <algorithm>

#include "checker/transactional/polygraph_reach.hpp"

namespace gauntlet {

namespace {

/// Where a chain begins.
struct Head {
  std::uint32_t track;
  std::uint32_t place;  ///< in the track
  std::uint32_t chain;
};

class Saturating {
 public:
  Saturating(const Polygraph& graph, Effort& effort)
      : graph_(graph), effort_(effort), reach_(graph, effort) {}

  Saturation run() {
    if (!sort_heads()) return std::move(result_);
    while (true) {
      const ArcIndex arcs(graph_.vertices, graph_.arcs, result_.arcs);
      result_.topological = topological_order(arcs, graph_.vertices, effort_);
      if (effort_.exhausted_now()) break;
      result_.has_cycle = result_.topological.size() < graph_.vertices;
      if (result_.has_cycle) {
        result_.finished = true;
        break;
      }
      const std::size_t before = result_.arcs.size();
      if (!force_round(arcs)) break;
      if (result_.arcs.size() == before) {
        result_.finished = true;
        break;
      }
    }
    return std::move(result_);
  }

  /// Of a graph that is saturated: `saturation`'s arcs are followed.
  OpenPairs open(const Saturation& saturation) {
    OpenPairs open;
    if (!sort_heads()) return open;
    const ArcIndex arcs(graph_.vertices, graph_.arcs, saturation.arcs);
    // By pair (b, a) with b's head in a block that was seen: b's head does not lead to a.
    boost::unordered_flat_set<std::uint64_t> half;
    for (std::uint32_t block = 0; block < reach_.blocks(); ++block) {
      if (!reach_.follow(arcs, saturation.topological, block)) return open;
      for (KeyId k = 0; k + 1 < graph_.key_chains.size(); ++k) {
        for (std::uint32_t b = graph_.key_chains[k]; b < graph_.key_chains[k + 1]; ++b) {
          if (graph_.is_initial(graph_.chains[b]) || !is_in(block, b)) continue;
          for (std::uint32_t a = graph_.key_chains[k]; a < graph_.key_chains[k + 1]; ++a) {
            if (effort_.exhausted()) return open;
            if (a == b || graph_.is_initial(graph_.chains[a]) || leads(b, a)) continue;
            if (half.erase(std::uint64_t{a} << 32 | b) != 0) {
              open.pairs.push_back({a, b});
            } else {
              half.insert(std::uint64_t{b} << 32 | a);
            }
          }
        }
      }
    }
    open.finished = true;
    return open;
  }

 private:
  bool has_initial(KeyId k) const {
    const std::uint32_t first = graph_.key_chains[k];
    return first < graph_.key_chains[k + 1] && graph_.is_initial(graph_.chains[first]);
  }

  bool sort_heads() {
    if (!effort_.allows(graph_.chains.size() * sizeof(Head))) return false;
    for (KeyId k = 0; k + 1 < graph_.key_chains.size(); ++k) {
      const auto begin = static_cast<std::ptrdiff_t>(heads_.size());
      for (std::uint32_t c = graph_.key_chains[k]; c < graph_.key_chains[k + 1]; ++c) {
        const Chain& chain = graph_.chains[c];
        if (graph_.is_initial(chain)) continue;
        heads_.push_back({reach_.track(chain.first), reach_.place(chain.first), c});
      }
      std::sort(heads_.begin() + begin, heads_.end(), [](const Head& a, const Head& b) {
        return a.track != b.track ? a.track < b.track : a.place < b.place;
      });
      key_heads_.push_back(static_cast<std::uint32_t>(heads_.size()));
    }
    return !effort_.exhausted_now();
  }

  bool force_round(const ArcIndex& arcs) {
    known_ = static_cast<std::uint32_t>(result_.arcs.size());
    for (std::uint32_t block = 0; block < reach_.blocks(); ++block) {
      if (!reach_.follow(arcs, result_.topological, block)) return false;
      for (KeyId k = 0; k + 1 < key_heads_.size(); ++k) {
        if (key_heads_[k + 1] - key_heads_[k] < 2) continue;
        for (std::uint32_t a = graph_.key_chains[k] + (has_initial(k) ? 1 : 0);
             a < graph_.key_chains[k + 1]; ++a) {
          if (!force_before(a, k, block)) return false;
        }
      }
    }
    return true;
  }

  /// All heads that come before chain `a`: the last of each track, and those without a track.
  bool force_before(std::uint32_t a, KeyId k, std::uint32_t block) {
    for (std::uint32_t h = key_heads_[k]; h < key_heads_[k + 1];) {
      if (effort_.exhausted()) return false;
      const std::uint32_t track = heads_[h].track;
      if (track == PolygraphReach::no_track) {
        const std::uint32_t b = heads_[h++].chain;
        if (b != a && is_in(block, b) && leads(b, a)) force(b, a);
        continue;
      }
      const auto begin = heads_.begin() + h;
      const auto end = std::partition_point(begin, heads_.begin() + key_heads_[k + 1],
                                            [&](const Head& head) { return head.track <= track; });
      h = static_cast<std::uint32_t>(end - heads_.begin());
      if (block > 0) continue;
      const std::uint32_t limit = limit_of(a, track);
      auto last =
          std::partition_point(begin, end, [&](const Head& head) { return head.place < limit; });
      if (last != begin && (last - 1)->chain == a) --last;
      if (last != begin) force((last - 1)->chain, a);
    }
    return true;
  }

  /// Heads in the track before this place come before chain `a`.
  std::uint32_t limit_of(std::uint32_t a, std::uint32_t track) const {
    const Chain& chain = graph_.chains[a];
    const std::uint32_t limit = reach_.ends(track, chain.late);
    if (graph_.level.sight != Sight::snapshot) return limit;
    return std::max(limit, reach_.begins(track, graph_.end(chain.last)));
  }

  /// Whether `leads` from the chain is answered in that block, and not in an earlier one.
  bool is_in(std::uint32_t block, std::uint32_t chain) const {
    const Txn head = graph_.chains[chain].first;
    return reach_.track(head) != PolygraphReach::no_track ? block == 0
                                                          : reach_.block_of(head) == block;
  }

  bool leads(std::uint32_t b, std::uint32_t a) const { return from_end(b, a) || from_begin(b, a); }
  bool from_end(std::uint32_t b, std::uint32_t a) const {
    return reach_.end_reaches(graph_.chains[b].first, graph_.chains[a].late);
  }
  bool from_begin(std::uint32_t b, std::uint32_t a) const {
    return graph_.level.sight == Sight::snapshot &&
           reach_.begin_reaches(graph_.chains[b].first, graph_.end(graph_.chains[a].last));
  }

  /// Whether all that the order would say is known by clocks.
  bool is_known(const Chain& b, const Chain& a) const {
    constexpr std::uint32_t readers_max = 16;
    if (b.reader_count > readers_max || !known_from(b.last, a)) return false;
    const auto readers = readers_of(graph_, b);
    return std::all_of(readers.begin(), readers.end(), [&](Txn reader) {
      return reach_.track(reader) != PolygraphReach::no_track &&
             reach_.begin_reaches(reader, graph_.end(a.first));
    });
  }
  bool known_from(Txn last, const Chain& a) const {
    const Vertex to =
        graph_.level.sight == Sight::snapshot ? graph_.begin(a.first) : graph_.end(a.first);
    return reach_.track(last) != PolygraphReach::no_track && reach_.end_reaches(last, to);
  }

  void force(std::uint32_t b, std::uint32_t a) {
    if (is_known(graph_.chains[b], graph_.chains[a])) return;
    if (!seen_.insert(std::uint64_t{b} << 32 | a).second) return;
    const Chain& before = graph_.chains[b];
    const Chain& after = graph_.chains[a];
    const bool by_end = from_end(b, a);
    const auto place = static_cast<std::uint32_t>(result_.forced.size());
    result_.forced.push_back({b, a, by_end ? graph_.end(before.first) : graph_.begin(before.first),
                              by_end ? after.late : graph_.end(after.last), known_});
    graph_.order(before, after, [&](Arc arc) {
      result_.arcs.push_back(arc);
      result_.order.push_back(place);
    });
  }

  const Polygraph& graph_;
  Effort& effort_;
  PolygraphReach reach_;
  std::vector<Head> heads_;  // by key, then by track and place
  std::vector<std::uint32_t> key_heads_{0};
  boost::unordered_flat_set<std::uint64_t> seen_;
  Saturation result_;
  std::uint32_t known_ = 0;
};

}  // namespace

Saturation saturate(const Polygraph& graph, Effort& effort) {
  return Saturating(graph, effort).run();
}

OpenPairs open_pairs(const Polygraph& graph, const Saturation& saturation, Effort& effort) {
  return Saturating(graph, effort).open(saturation);
}

}  // namespace gauntlet
