#include "checker/causal/causal_order.hpp"

#include <algorithm>
#include <memory>

#include "base/assert.hpp"

namespace gauntlet::causal {

namespace {

/// How far a past reaches into each session: the end of what it holds of it, by session.
using Clock = AccessId*;

/// Rows of a fixed width, used again. What it hands out is not initialized.
class Rows {
 public:
  Rows(std::size_t width, Effort& effort) : width_(width), effort_(effort) {}

  /// nullptr if the budget does not allow another.
  AccessId* take() {
    if (free_.empty() && !grow()) return nullptr;
    AccessId* row = free_.back();
    free_.pop_back();
    return row;
  }
  void give_back(AccessId* row) { free_.push_back(row); }

 private:
  bool grow() {
    constexpr std::size_t entries_max = std::size_t{1} << 18;
    const std::size_t rows =
        std::clamp<std::size_t>(entries_max / width_, 1, 4 * (std::size_t{1} << blocks_.size()));
    if (!effort_.allows(rows * width_ * sizeof(AccessId))) return false;
    blocks_.push_back(std::make_unique_for_overwrite<AccessId[]>(rows * width_));
    for (std::size_t i = 0; i < rows; ++i)
      free_.push_back(blocks_.back().get() + i * width_);
    return true;
  }

  std::size_t width_;
  Effort& effort_;
  std::vector<std::unique_ptr<AccessId[]>> blocks_;
  std::vector<AccessId*> free_;
};

void join(Clock clock, const AccessId* other, std::size_t sessions) {
  for (std::size_t s = 0; s < sessions; ++s)
    clock[s] = std::max(clock[s], other[s]);
}

/// Walks along a topological order and tells a listener the past of each access, itself included.
/// After a write that is read, `keep` may be asked for a row that lives until its last read.
class ClockWalk {
 public:
  /// `extra` more rows' widths go with the clock of each write that is read.
  ClockWalk(const Accesses& accesses, std::size_t extra, Effort& effort)
      : accesses_(accesses),
        sessions_(accesses.sessions()),
        effort_(effort),
        current_rows_(sessions_, effort),
        write_rows_(sessions_ * (1 + extra), effort),
        current_(sessions_, nullptr),
        kept_(accesses.size(), nullptr),
        unread_(accesses.readers) {}

  /// `on_access(id, clock)`; `on_kept(id, row)` when a write that is read has its row, the clock in
  /// its first part; `on_read(id, clock, row)` with the row of the write read from;
  /// `on_last(write, row)` when no read of it is left.
  template <class Listener>
  void walk(const std::vector<AccessId>& order, Listener& listener) {
    for (const AccessId id : order) {
      if (effort_.exhausted()) return;
      const Access& access = accesses_[id];
      Clock clock = current_[access.session];
      if (clock == nullptr) {
        clock = current_[access.session] = current_rows_.take();
        if (clock == nullptr) return;
        std::copy_n(accesses_.session_begin.begin(), sessions_, clock);
      }
      clock[access.session] = id + 1;
      AccessId* row = access.reads_a_write() ? kept_[access.source] : nullptr;
      if (row != nullptr) join(clock, row, sessions_);
      listener.on_access(id, clock);
      if (row != nullptr) {
        listener.on_read(id, clock, row);
        if (--unread_[access.source] == 0) {
          listener.on_last(access.source, row);
          write_rows_.give_back(row);
        }
      } else if (unread_[id] > 0) {
        kept_[id] = write_rows_.take();
        if (kept_[id] == nullptr) return;
        std::copy_n(clock, sessions_, kept_[id]);
        listener.on_kept(id, kept_[id]);
      }
      if (id + 1 == accesses_.session_begin[access.session + 1]) {
        current_rows_.give_back(clock);
        current_[access.session] = nullptr;
      }
    }
  }

 private:
  const Accesses& accesses_;
  std::size_t sessions_;
  Effort& effort_;
  Rows current_rows_, write_rows_;
  std::vector<Clock> current_;         // by session
  std::vector<AccessId*> kept_;        // by write
  std::vector<std::uint32_t> unread_;  // reads of a write that are to come
};

/// Collects what the header describes. A write's row: its clock, and J.
class Conflicts {
 public:
  Conflicts(const Accesses& accesses, CausalOrder& result)
      : accesses_(accesses), sessions_(accesses.sessions()), result_(result) {}

  void on_access(AccessId id, const AccessId* clock) {
    const Access& access = accesses_[id];
    if (access.source != initial_value) return;
    for (const WriteRun& run : accesses_.runs_of(access.key)) {
      const AccessId first = accesses_.writes[run.begin];
      if (first >= clock[run.session]) continue;
      result_.initial_reads.push_back({first, id});
      return;
    }
  }
  void on_kept(AccessId, AccessId* row) const { std::copy_n(row, sessions_, row + sessions_); }
  void on_read(AccessId, const AccessId* clock, AccessId* row) const {
    join(row + sessions_, clock, sessions_);
  }
  void on_last(AccessId write, const AccessId* row) {
    for (const WriteRun& run : accesses_.runs_of(accesses_[write].key)) {
      const AccessId own_end = row[run.session];
      const AccessId joined_end = row[sessions_ + run.session];
      if (own_end == joined_end) continue;
      const AccessId last = accesses_.last_before(run, joined_end);
      if (last != no_access && last >= own_end) result_.conflicts.push_back({last, write});
    }
  }

 private:
  const Accesses& accesses_;
  std::size_t sessions_;
  CausalOrder& result_;
};

/// Finds the edges that the clocks contradict.
class Contradictions {
 public:
  Contradictions(const Accesses& accesses, const std::vector<ForcedEdge>& edges,
                 std::vector<ForcedEdge>& result)
      : accesses_(accesses), edges_(edges), index_(edges, accesses.size()), result_(result) {}

  void on_access(AccessId id, const AccessId* clock) {
    for (const std::uint32_t position : index_.from(id)) {
      const ForcedEdge& edge = edges_[position];
      if (edge.to < clock[accesses_[edge.to].session]) result_.push_back(edge);
    }
  }
  void on_kept(AccessId, const AccessId*) const {}
  void on_read(AccessId, const AccessId*, const AccessId*) const {}
  void on_last(AccessId, const AccessId*) const {}

 private:
  const Accesses& accesses_;
  const std::vector<ForcedEdge>& edges_;
  EdgeIndex index_;
  std::vector<ForcedEdge>& result_;
};

}  // namespace

CausalOrder causal_order(const Accesses& accesses, Effort& effort) {
  CausalOrder result;
  result.order = topological_order(accesses, {}, effort);
  if (result.order.size() < accesses.size()) return result;
  Conflicts conflicts(accesses, result);
  ClockWalk(accesses, 1, effort).walk(result.order, conflicts);
  return result;
}

std::vector<ForcedEdge> against_causal_order(const Accesses& accesses,
                                             const std::vector<AccessId>& order,
                                             const std::vector<ForcedEdge>& edges, Effort& effort) {
  std::vector<ForcedEdge> result;
  Contradictions contradictions(accesses, edges, result);
  ClockWalk(accesses, 0, effort).walk(order, contradictions);
  return result;
}

}  // namespace gauntlet::causal
