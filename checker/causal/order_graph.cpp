#include "checker/causal/order_graph.hpp"

#include <algorithm>
#include <deque>
#include <numeric>

#include "base/assert.hpp"

namespace gauntlet::causal {

EdgeIndex::EdgeIndex(std::span<const ForcedEdge> edges, AccessId accesses) {
  begin_.assign(accesses + 1, 0);
  for (const ForcedEdge& edge : edges)
    ++begin_[edge.from + 1];
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  positions_.resize(edges.size());
  std::vector<std::uint32_t> next(begin_.begin(), begin_.end() - 1);
  for (std::uint32_t i = 0; i < edges.size(); ++i)
    positions_[next[edges[i].from]++] = i;
}

namespace {

/// Takes accesses in the order of time as far as their predecessors are taken; sessions that wait
/// go on as soon as what they wait for is taken.
class Ordering {
 public:
  Ordering(const Accesses& accesses, std::span<const ForcedEdge> edges)
      : accesses_(accesses), edges_(edges) {
    if (!edges.empty()) {
      out_ = EdgeIndex(edges, accesses.size());
      pending_.assign(accesses.size(), 0);
      for (const ForcedEdge& edge : edges)
        ++pending_[edge.to];
    }
    next_.assign(accesses.session_begin.begin(), accesses.session_begin.end() - 1);
    limit_ = next_;
    first_waiting_.assign(accesses.size(), none);
    next_waiting_.assign(accesses.sessions(), none);
    waits_for_.assign(accesses.sessions(), no_access);
    order_.reserve(accesses.size());
  }

  std::vector<AccessId> run(Effort& effort) {
    for (const AccessId id : accesses_.in_time) {
      if (effort.exhausted()) break;
      const SessionId session = accesses_[id].session;
      limit_[session] = std::max(limit_[session], id + 1);
      work_.push_back(session);
      while (!work_.empty()) {
        const SessionId ready = work_.back();
        work_.pop_back();
        advance(ready);
      }
    }
    return std::move(order_);
  }

 private:
  static constexpr SessionId none = std::numeric_limits<SessionId>::max();

  bool is_taken(AccessId id) const { return id < next_[accesses_[id].session]; }

  bool is_ready(SessionId session) {
    const AccessId id = next_[session];
    if (!pending_.empty() && pending_[id] > 0) return false;
    const AccessId source = accesses_[id].source;
    if (source >= thin_air || is_taken(source)) return true;
    if (waits_for_[session] != source) {
      waits_for_[session] = source;
      next_waiting_[session] = first_waiting_[source];
      first_waiting_[source] = session;
    }
    return false;
  }

  void advance(SessionId session) {
    while (next_[session] < limit_[session] && is_ready(session)) {
      const AccessId id = next_[session]++;
      order_.push_back(id);
      for (const std::uint32_t position : out_.from(id)) {
        const AccessId to = edges_[position].to;
        if (--pending_[to] == 0) work_.push_back(accesses_[to].session);
      }
      for (SessionId s = first_waiting_[id]; s != none; s = next_waiting_[s]) {
        waits_for_[s] = no_access;
        work_.push_back(s);
      }
    }
  }

  const Accesses& accesses_;
  std::span<const ForcedEdge> edges_;
  EdgeIndex out_;
  std::vector<std::uint32_t> pending_;  // forced edges from accesses that are not taken
  std::vector<AccessId> next_, limit_;  // by session
  std::vector<SessionId> first_waiting_, next_waiting_;
  std::vector<AccessId> waits_for_;
  std::vector<SessionId> work_;
  std::vector<AccessId> order_;
};

}  // namespace

std::vector<AccessId> topological_order(const Accesses& accesses, std::span<const ForcedEdge> edges,
                                        Effort& effort) {
  return Ordering(accesses, edges).run(effort);
}

PathSearch::PathSearch(const Accesses& accesses, std::span<const ForcedEdge> edges)
    : accesses_(accesses),
      edges_(edges),
      out_(edges, accesses.size()),
      reached_by_(accesses.size()),
      stamp_(accesses.size(), 0),
      distance_(accesses.size(), 0) {
  std::vector<ForcedEdge> reads_from(accesses.size());
  std::vector<ForcedEdge> some;
  std::vector<std::uint32_t> begin;
  for (AccessId id = 0; id < accesses.size(); ++id)
    reads_from[id] = {accesses[id].reads_a_write() ? accesses[id].source : id, id};
  readers_ = EdgeIndex(reads_from, accesses.size());
}

std::vector<Hop> PathSearch::path(AccessId from, AccessId to, bool to_reader,
                                  std::uint32_t edges_max) {
  ++now_;
  // Breadth first, where hops of session order cost nothing.
  std::deque<AccessId> queue{from};
  stamp_[from] = now_;
  distance_[from] = 0;
  std::vector<char> done;
  const auto reach = [&](Hop hop, std::uint32_t distance) {
    if (stamp_[hop.to] == now_ && distance_[hop.to] <= distance) return;
    stamp_[hop.to] = now_;
    distance_[hop.to] = distance;
    reached_by_[hop.to] = hop;
    if (distance == distance_[hop.from]) {
      queue.push_front(hop.to);
    } else {
      queue.push_back(hop.to);
    }
  };
  AccessId end = no_access;
  while (!queue.empty() && end == no_access) {
    const AccessId id = queue.front();
    queue.pop_front();
    const std::uint32_t distance = distance_[id];
    if (id != from && (to_reader ? accesses_[id].source == to : id == to)) {
      end = id;
      break;
    }
    if (id + 1 < accesses_.session_begin[accesses_[id].session + 1])
      reach({id, id + 1, Hop::Kind::session}, distance);
    if (accesses_[id].is_write()) {
      for (const std::uint32_t read : readers_.from(id))
        if (read != id) reach({id, read, Hop::Kind::reads_from}, distance + 1);
    }
    for (const std::uint32_t position : out_.from(id)) {
      if (position >= edges_max) break;
      reach({id, edges_[position].to, Hop::Kind::forced, position}, distance + 1);
    }
  }
  std::vector<Hop> hops;
  if (end == no_access) return hops;
  for (AccessId at = end; at != from; at = reached_by_[at].from) {
    const Hop& hop = reached_by_[at];
    if (hop.kind == Hop::Kind::session && !hops.empty() && hops.back().kind == Hop::Kind::session) {
      hops.back().from = hop.from;
    } else {
      hops.push_back(hop);
    }
  }
  std::reverse(hops.begin(), hops.end());
  return hops;
}

/// An edge to `id` from an access that is not ordered; every one that is not ordered has one.
Hop PathSearch::hop_into(AccessId id, const std::vector<char>& is_ordered,
                         const EdgeIndex& into) const {
  for (const std::uint32_t position : into.from(id)) {
    const AccessId from = edges_[position].from;
    if (is_ordered[from] == 0) return {from, id, Hop::Kind::forced, position};
  }
  const AccessId source = accesses_[id].source;
  if (source < thin_air && is_ordered[source] == 0) return {source, id, Hop::Kind::reads_from};
  GAUNTLET_ASSERT(id > accesses_.session_begin[accesses_[id].session]);
  return {id - 1, id, Hop::Kind::session};
}

std::vector<Hop> PathSearch::any_cycle(std::span<const AccessId> ordered) const {
  std::vector<char> is_ordered(accesses_.size(), 0);
  for (const AccessId id : ordered)
    is_ordered[id] = 1;
  std::vector<ForcedEdge> reversed(edges_.begin(), edges_.end());
  for (ForcedEdge& edge : reversed)
    std::swap(edge.from, edge.to);
  const EdgeIndex into(reversed, accesses_.size());
  AccessId id = 0;
  while (is_ordered[id] != 0)
    ++id;
  std::vector<std::uint32_t> position(accesses_.size(), 0);  // in the walk, counted from 1
  std::vector<Hop> walk;
  while (position[id] == 0) {
    walk.push_back(hop_into(id, is_ordered, into));
    position[id] = static_cast<std::uint32_t>(walk.size());
    id = walk.back().from;
  }
  std::vector<Hop> cycle(walk.begin() + (position[id] - 1), walk.end());
  std::reverse(cycle.begin(), cycle.end());
  return cycle;
}

std::vector<Hop> PathSearch::cycle(std::span<const AccessId> ordered) {
  constexpr std::size_t tries_max = 16;
  const std::vector<Hop> found = any_cycle(ordered);
  std::vector<Hop> best;
  std::size_t tries = 0;
  const auto all = static_cast<std::uint32_t>(edges_.size());
  for (const Hop& hop : found) {
    if (hop.kind == Hop::Kind::session || tries == tries_max) continue;
    ++tries;
    std::vector<Hop> cycle = path(hop.to, hop.from, false, all);
    cycle.push_back(hop);
    if (best.empty() || cycle.size() < best.size()) best = std::move(cycle);
  }
  return best;
}

}  // namespace gauntlet::causal
