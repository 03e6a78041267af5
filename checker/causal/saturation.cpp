#include "checker/causal/saturation.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>

namespace gauntlet::causal {

namespace {

class Saturating {
 public:
  Saturating(const Accesses& accesses, const SaturationRules& rules, Effort& effort)
      : accesses_(accesses), rules_(rules), effort_(effort), sessions_(accesses.sessions()) {}

  Saturated run() {
    if (!effort_.allows(std::size_t{accesses_.size()} * sessions_ * sizeof(AccessId))) {
      return std::move(result_);
    }
    force_initial();
    while (!effort_.exhausted()) {
      result_.order = topological_order(accesses_, result_.edges, effort_);
      if (effort_.exhausted()) break;
      result_.has_cycle = result_.order.size() < accesses_.size();
      if (result_.has_cycle || !force_round()) {
        result_.complete = !effort_.exhausted();
        break;
      }
    }
    return std::move(result_);
  }

 private:
  bool looks_at(AccessId id) const {
    const Access& access = accesses_[id];
    return !access.is_write() && (!rules_.only || *rules_.only == access.session);
  }

  /// The past of an access, itself included: the end of what it holds of each session.
  AccessId* clock(AccessId id) { return clocks_.data() + std::size_t{id} * sessions_; }
  bool is_before(AccessId a, AccessId b) { return a < clock(b)[accesses_[a].session]; }

  /// The last read of an initial value is enough, for each session and key.
  void force_initial() {
    std::vector<AccessId> done(accesses_.keys(), no_access);  // by key: the session, at the last
    for (AccessId id = accesses_.size(); id-- > 0;) {
      const Access& read = accesses_[id];
      if (read.source != initial_value || !looks_at(id) || done[read.key] == read.session) continue;
      done[read.key] = read.session;
      for (const WriteRun& run : accesses_.runs_of(read.key))
        force({id, accesses_.writes[run.begin]}, {EdgeRule::initial, id, 0});
    }
  }

  /// Whether anything new was forced.
  bool force_round() {
    follow_clocks();
    known_ = static_cast<std::uint32_t>(result_.edges.size());
    const AccessId begin = rules_.only ? accesses_.session_begin[*rules_.only] : 0;
    const AccessId end = rules_.only ? accesses_.session_begin[*rules_.only + 1] : accesses_.size();
    for (AccessId id = begin; id < end && !effort_.exhausted(); ++id) {
      if (!accesses_[id].reads_a_write()) continue;
      for (const WriteRun& run : accesses_.runs_of(accesses_[id].key)) {
        force_conflict(id, run);
        if (rules_.overwritten) force_overwritten(id, run);
      }
    }
    return result_.edges.size() > known_;
  }

  void follow_clocks() {
    clocks_.resize(std::size_t{accesses_.size()} * sessions_);
    into_ = EdgeIndex(reversed(), accesses_.size());
    for (const AccessId id : result_.order) {
      if (effort_.exhausted()) return;
      const Access& access = accesses_[id];
      AccessId* own = clock(id);
      const bool is_first = id == accesses_.session_begin[access.session];
      std::copy_n(is_first ? accesses_.session_begin.data() : clock(id - 1), sessions_, own);
      own[access.session] = id + 1;
      if (access.reads_a_write()) join(own, clock(access.source));
      for (const std::uint32_t position : into_.from(id))
        join(own, clock(result_.edges[position].from));
    }
  }

  std::vector<ForcedEdge> reversed() const {
    std::vector<ForcedEdge> edges = result_.edges;
    for (ForcedEdge& edge : edges)
      std::swap(edge.from, edge.to);
    return edges;
  }

  void join(AccessId* own, const AccessId* other) const {
    for (std::size_t s = 0; s < sessions_; ++s)
      own[s] = std::max(own[s], other[s]);
  }

  /// Of a session's writes before the read the last is enough: the others are before it.
  void force_conflict(AccessId read, const WriteRun& run) {
    const AccessId source = accesses_[read].source;
    const AccessId last = accesses_.last_before(run, clock(read)[run.session]);
    if (last == no_access || last == source || is_before(last, source)) return;
    force({last, source}, {EdgeRule::conflict, read, known_});
  }

  /// Of a session's writes after the source the first is enough: the others are after it.
  void force_overwritten(AccessId read, const WriteRun& run) {
    const AccessId source = accesses_[read].source;
    const auto writes = accesses_.writes_of(run);
    const auto first = std::partition_point(writes.begin(), writes.end(), [&](AccessId write) {
      return write == source || !is_before(source, write);
    });
    if (first == writes.end() || is_before(read, *first)) return;
    force({read, *first}, {EdgeRule::overwritten, read, known_});
  }

  void force(ForcedEdge edge, ForcedBy reason) {
    if (!seen_.insert(std::uint64_t{edge.from} << 32 | edge.to).second) return;
    result_.edges.push_back(edge);
    result_.reasons.push_back(reason);
  }

  const Accesses& accesses_;
  const SaturationRules& rules_;
  Effort& effort_;
  std::size_t sessions_;
  Saturated result_;
  std::vector<AccessId> clocks_;  // rows by access
  EdgeIndex into_;
  std::uint32_t known_ = 0;
  boost::unordered_flat_set<std::uint64_t> seen_;
};

}  // namespace

Saturated saturate(const Accesses& accesses, const SaturationRules& rules, Effort& effort) {
  return Saturating(accesses, rules, effort).run();
}

}  // namespace gauntlet::causal
