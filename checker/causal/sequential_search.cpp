#include "checker/causal/sequential_search.hpp"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

namespace gauntlet::causal {

namespace {

/// Depth first, with an explicit stack: histories are long.
class Searching {
 public:
  Searching(const Accesses& accesses, const std::vector<ForcedEdge>& forced, std::size_t states_max,
            Effort& effort)
      : accesses_(accesses),
        forced_(forced),
        states_max_(states_max),
        effort_(effort),
        out_(forced, accesses.size()),
        pending_(accesses.size(), 0),
        next_(accesses.session_begin.begin(), accesses.session_begin.end() - 1),
        held_(accesses.keys(), initial_value),
        unread_(accesses.readers),
        unread_initial_(accesses.keys(), 0),
        time_(accesses.size()) {
    for (const ForcedEdge& edge : forced)
      ++pending_[edge.to];
    for (const Access& access : accesses.accesses)
      unread_initial_[access.key] += access.source == initial_value;
    for (std::uint32_t i = 0; i < accesses.size(); ++i)
      time_[accesses.in_time[i]] = i;
  }

  SequentialSearch run() {
    SequentialSearch result;
    open();
    while (!effort_.exhausted() && dead_.size() < states_max_) {
      if (taken_.size() == accesses_.size()) {
        result.end = SequentialSearch::End::found;
        for (const Taken& taken : taken_)
          result.order.push_back(taken.id);
        break;
      }
      if (choices_.back() < candidates_.size()) {
        take(candidates_[choices_.back()++]);
        open();
        continue;
      }
      close();
      if (choices_.empty()) {
        result.end = SequentialSearch::End::none;
        break;
      }
    }
    result.states = dead_.size();
    return result;
  }

 private:
  struct Taken {
    AccessId id;
    AccessId held_before;
  };

  bool is_next(SessionId session) const {
    return next_[session] < accesses_.session_begin[session + 1] && pending_[next_[session]] == 0;
  }

  std::uint32_t& unread_of(KeyId key) {
    return held_[key] == initial_value ? unread_initial_[key] : unread_[held_[key]];
  }

  /// A new level: takes what may be taken at once and lists the choices, if the state is new.
  void open() {
    levels_.push_back({taken_.size(), candidates_.size()});
    for (bool again = true; again;) {
      again = false;
      for (SessionId s = 0; s < accesses_.sessions(); ++s) {
        while (is_next(s) && accesses_[next_[s]].source == held_[accesses_[next_[s]].key] &&
               !accesses_[next_[s]].is_write()) {
          take(next_[s]);
          again = true;
        }
      }
    }
    choices_.push_back(candidates_.size());
    if (taken_.size() == accesses_.size() || !dead_.insert(state()).second) return;
    for (SessionId s = 0; s < accesses_.sessions(); ++s) {
      if (!is_next(s)) continue;
      const Access& access = accesses_[next_[s]];
      if (access.is_write() && unread_of(access.key) == 0) candidates_.push_back(next_[s]);
    }
    // As they happened in time, as a rule they took effect.
    std::sort(candidates_.begin() + static_cast<std::ptrdiff_t>(levels_.back().candidates),
              candidates_.end(), [&](AccessId a, AccessId b) { return time_[a] < time_[b]; });
  }

  /// Leaves the level, and undoes the choice that led to it.
  void close() {
    candidates_.resize(levels_.back().candidates);
    while (taken_.size() > levels_.back().taken)
      undo();
    levels_.pop_back();
    choices_.pop_back();
    if (!levels_.empty()) undo();
  }

  std::vector<AccessId> state() const {
    std::vector<AccessId> result(next_);
    result.insert(result.end(), held_.begin(), held_.end());
    return result;
  }

  void take(AccessId id) {
    const Access& access = accesses_[id];
    taken_.push_back({id, held_[access.key]});
    ++next_[access.session];
    for (const std::uint32_t position : out_.from(id))
      --pending_[forced_[position].to];
    if (access.is_write()) {
      held_[access.key] = id;
    } else {
      --unread_of(access.key);
    }
  }

  void undo() {
    const auto [id, held_before] = taken_.back();
    const Access& access = accesses_[id];
    taken_.pop_back();
    if (access.is_write()) {
      held_[access.key] = held_before;
    } else {
      ++unread_of(access.key);
    }
    for (const std::uint32_t position : out_.from(id))
      ++pending_[forced_[position].to];
    --next_[access.session];
  }

  struct Level {
    std::size_t taken, candidates;  // how many there were before it
  };

  const Accesses& accesses_;
  const std::vector<ForcedEdge>& forced_;
  std::size_t states_max_;
  Effort& effort_;
  EdgeIndex out_;
  std::vector<std::uint32_t> pending_;
  std::vector<AccessId> next_;                 // by session
  std::vector<AccessId> held_;                 // by key
  std::vector<std::uint32_t> unread_;          // by write: reads of it that are to come
  std::vector<std::uint32_t> unread_initial_;  // by key
  std::vector<std::uint32_t> time_;
  std::vector<Taken> taken_;
  std::vector<AccessId> candidates_;  // of all levels
  std::vector<std::size_t> choices_;  // by level: the next candidate to try
  std::vector<Level> levels_;
  boost::unordered_flat_set<std::vector<AccessId>> dead_;
};

}  // namespace

SequentialSearch search_sequential_order(const Accesses& accesses,
                                         const std::vector<ForcedEdge>& forced,
                                         std::size_t states_max, Effort& effort) {
  return Searching(accesses, forced, states_max, effort).run();
}

}  // namespace gauntlet::causal
