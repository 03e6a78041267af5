#include "checker/causal/session_guarantees.hpp"

#include <algorithm>
#include <deque>
#include <numeric>

namespace gauntlet::causal {

namespace {

/// The order of writes that is forced. Vertices are writes, by id, and sets: vertex
/// `accesses + w` stands for the write w and all earlier ones of its session and key.
class VersionGraph {
 public:
  explicit VersionGraph(const Accesses& accesses) : writes_(accesses.size()) {}

  std::uint32_t set_of(AccessId write) const { return writes_ + write; }
  /// `step.from` is not looked at if the edge leaves a set.
  void add(std::uint32_t from, std::uint32_t to, const VersionStep& step) {
    edges_.push_back({from, to, step});
  }

  std::vector<VersionStep> cycle(Effort& effort) {
    index();
    std::vector<std::uint32_t> pending(2 * std::size_t{writes_}, 0);
    for (const Edge& edge : edges_)
      ++pending[edge.to];
    std::vector<std::uint32_t> ready;
    for (std::uint32_t v = 0; v < pending.size(); ++v) {
      if (pending[v] == 0) ready.push_back(v);
    }
    std::size_t done = 0;
    while (!ready.empty() && !effort.exhausted()) {
      const std::uint32_t v = ready.back();
      ready.pop_back();
      ++done;
      for (std::uint32_t e = begin_[v]; e < begin_[v + 1]; ++e) {
        const std::uint32_t to = edges_[order_[e]].to;
        if (--pending[to] == 0) ready.push_back(to);
      }
    }
    if (done == pending.size() || effort.exhausted_now()) return {};
    return steps_of(shortest(on_a_cycle(pending)));
  }

 private:
  struct Edge {
    std::uint32_t from, to;
    VersionStep step;
  };

  void index() {
    begin_.assign(2 * std::size_t{writes_} + 1, 0);
    for (const Edge& edge : edges_)
      ++begin_[edge.from + 1];
    std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
    order_.resize(edges_.size());
    std::vector<std::uint32_t> next(begin_.begin(), begin_.end() - 1);
    for (std::uint32_t e = 0; e < edges_.size(); ++e)
      order_[next[edges_[e].from]++] = e;
  }

  /// A write on a cycle: every vertex that is left has a predecessor that is left, so that walking
  /// back comes to one again; no cycle is of sets alone.
  AccessId on_a_cycle(const std::vector<std::uint32_t>& pending) const {
    std::vector<std::uint32_t> before(pending.size(), no_access);
    for (const Edge& edge : edges_) {
      if (pending[edge.from] > 0) before[edge.to] = edge.from;
    }
    std::uint32_t v = 0;
    while (pending[v] == 0)
      ++v;
    for (std::size_t i = 0; i < pending.size(); ++i)
      v = before[v];
    while (v >= writes_)
      v = before[v];
    return v;
  }

  /// Edges of a shortest cycle through a write that is on one.
  std::vector<std::uint32_t> shortest(AccessId start) const {
    std::vector<std::uint32_t> by(2 * std::size_t{writes_}, no_access);
    std::deque<std::uint32_t> queue{start};
    while (by[start] == no_access) {
      const std::uint32_t v = queue.front();
      queue.pop_front();
      for (std::uint32_t e = begin_[v]; e < begin_[v + 1]; ++e) {
        const std::uint32_t to = edges_[order_[e]].to;
        if (by[to] != no_access) continue;
        by[to] = order_[e];
        queue.push_back(to);
      }
    }
    std::vector<std::uint32_t> path;
    std::uint32_t v = start;
    do {
      path.push_back(by[v]);
      v = edges_[by[v]].from;
    } while (v != start);
    std::reverse(path.begin(), path.end());
    return path;
  }

  /// Leaves the sets out.
  std::vector<VersionStep> steps_of(const std::vector<std::uint32_t>& path) const {
    std::vector<VersionStep> steps;
    AccessId from = no_access;
    for (const std::uint32_t e : path) {
      const Edge& edge = edges_[e];
      if (edge.from < writes_) from = edge.from;
      if (edge.to >= writes_) continue;
      steps.push_back(edge.step);
      steps.back().from = from;
    }
    return steps;
  }

  std::uint32_t writes_;
  std::vector<Edge> edges_;
  std::vector<std::uint32_t> begin_, order_;
};

/// Per session and key, without clearing between sessions.
class LastOfKey {
 public:
  explicit LastOfKey(const Accesses& accesses)
      : last_(accesses.keys(), no_access), session_(accesses.keys(), no_access) {}

  AccessId get(const Access& access) const {
    return session_[access.key] == access.session ? last_[access.key] : no_access;
  }
  void set(const Access& access, AccessId id) {
    session_[access.key] = access.session;
    last_[access.key] = id;
  }

 private:
  std::vector<AccessId> last_;
  std::vector<SessionId> session_;
};

class OwnWrites {
 public:
  OwnWrites(const Accesses& accesses, Effort& effort)
      : accesses_(accesses),
        effort_(effort),
        graph_(accesses),
        read_back_(accesses.size(), no_access) {}

  std::vector<VersionStep> run() {
    LastOfKey last(accesses_);
    for (AccessId id = 0; id < accesses_.size(); ++id) {
      if (effort_.exhausted()) return {};
      const Access& access = accesses_[id];
      const AccessId own = last.get(access);  // the last own write before
      if (access.is_write()) {
        add_to_set(id, own);
        last.set(access, id);
      } else if (own != no_access && access.source == initial_value) {
        return {{own, initial_value, id, no_access}};
      } else if (own != no_access) {
        add_read(id, own);
      }
    }
    for (const WriteRun& run : accesses_.runs) {
      if (auto crossed = add_read_back(run); !crossed.empty()) return crossed;
    }
    return graph_.cycle(effort_);
  }

 private:
  void add_to_set(AccessId write, AccessId own) {
    graph_.add(write, graph_.set_of(write), {});
    if (own != no_access) graph_.add(graph_.set_of(own), graph_.set_of(write), {});
  }

  void add_read(AccessId read, AccessId own) {
    const AccessId source = accesses_[read].source;
    const bool is_own = accesses_[source].session == accesses_[read].session;
    if (is_own && source <= own) {
      read_back_[source] = read;  // the last such read has the largest set
    } else {
      graph_.add(graph_.set_of(own), source, {no_access, source, read, no_access});
    }
  }

  /// Writes that their session read back: the set of such a read holds the write itself, and an
  /// edge from the set would make a circle that means nothing; so edges from its later members.
  /// The earlier ones need none: what w is before, they are before too, by the same reads, so that
  /// a cycle through w has one that leaves it out, unless it is the contradiction below.
  /// That they are few: let the last read of w have the writes up to u in its set. If a write w'
  /// between them is read back as well, then w' is before w, and w, which is earlier and hence in
  /// the set of the read of w', is before w': a contradiction. If not, the stretches from w to u do
  /// not overlap.
  std::vector<VersionStep> add_read_back(const WriteRun& run) {
    const auto writes = accesses_.writes_of(run);
    std::size_t last = writes.size();  // position of the last one that was read back
    for (std::size_t j = 0; j < writes.size(); ++j) {
      const AccessId read = read_back_[writes[j]];
      if (read == no_access) continue;
      if (last < j && read_back_[writes[last]] > writes[j]) {
        return {{writes[j], writes[last], read_back_[writes[last]], no_access},
                {writes[last], writes[j], read, no_access}};
      }
      last = j;
      const VersionStep step{no_access, writes[j], read, no_access};
      for (std::size_t i = j + 1; i < writes.size() && writes[i] < read; ++i)
        graph_.add(writes[i], writes[j], step);
    }
    return {};
  }

  const Accesses& accesses_;
  Effort& effort_;
  VersionGraph graph_;
  std::vector<AccessId> read_back_;  // by write: the last read of it by its session, after it
};

}  // namespace

std::vector<VersionStep> missed_own_write(const Accesses& accesses, Effort& effort) {
  if (!effort.allows(std::size_t{accesses.size()} * 80)) return {};
  return OwnWrites(accesses, effort).run();
}

std::vector<VersionStep> non_monotonic_reads(const Accesses& accesses, Effort& effort) {
  if (!effort.allows(std::size_t{accesses.size()} * 60)) return {};
  VersionGraph graph(accesses);
  LastOfKey last(accesses);  // the last read that found a write
  for (AccessId id = 0; id < accesses.size(); ++id) {
    if (effort.exhausted()) return {};
    const Access& access = accesses[id];
    if (access.is_write()) continue;
    const AccessId earlier = last.get(access);
    const AccessId found = earlier == no_access ? no_access : accesses[earlier].source;
    const VersionStep step{found, access.source, id, earlier};
    if (access.source == initial_value) {
      if (earlier != no_access) return {step};
      continue;
    }
    if (earlier != no_access && found != access.source) graph.add(found, access.source, step);
    last.set(access, id);
  }
  return graph.cycle(effort);
}

}  // namespace gauntlet::causal
