// How RegisterSearch (register_search.hpp) keeps its front small, and goes back when that was
// wrong.
//
// A beam of a few configurations is enough for nearly all of a history that has an order, and costs
// next to nothing; where it loses the way, a wide one is needed, but only for a while. So the width
// follows the effort that the last events took, and when no configuration is left the search goes
// back to a snapshot and takes the stretch again with a wider beam, from farther back each time. A
// configuration that has used fewer crashed operations is the better: it can still do what the
// others can, as a rule. (Zhou and Hansen, "Beam-stack search", ICAPS 2005, go back in the same way
// within a layer.)
#pragma once

#include "base/assert.hpp"

namespace gauntlet {

inline constexpr std::size_t snapshot_interval = 32;  // events
inline constexpr std::array beams{Beam{6, 16},   Beam{16, 16},   Beam{48, 16},   Beam{128, 32},
                                  Beam{512, 48}, Beam{2048, 64}, Beam{8192, 96}, Beam{32768, 128}};
inline constexpr std::size_t level_first = 3;

/// Makes the survivors the front: the best first if only some may stay.
template <int W>
void RegisterSearch<W>::settle() {
  ranking_.clear();
  for (std::size_t i = 0; i < next_.size(); ++i) {
    if (next_.at(i).dead == 0) ranking_.push_back(i);
  }
  if (!options_.exact && !ranking_.empty()) {
    const std::size_t before = ranking_.size();
    const std::int32_t cost_max = arrived_min_ + beams[level_].margin;
    std::erase_if(ranking_, [&](std::size_t i) { return next_.at(i).cost > cost_max; });
    const std::size_t width = beams[level_].width;
    if (ranking_.size() > width) {
      std::nth_element(ranking_.begin(), ranking_.begin() + static_cast<std::ptrdiff_t>(width),
                       ranking_.end(), [&](std::size_t a, std::size_t b) {
                         return std::pair(next_.at(a).cost, a) < std::pair(next_.at(b).cost, b);
                       });
      ranking_.resize(width);
      std::sort(ranking_.begin(), ranking_.end());
    }
    pruned_ = pruned_ || ranking_.size() < before;
  }
  front_.clear();
  for (const std::size_t i : ranking_)
    front_.push(next_.at(i));
  front_max_ = std::max(front_max_, front_.size());
  if (!options_.exact) choose_beam();
  if (!trace_.wants_pruning()) return;
  live_.clear();
  for (std::size_t i = 0; i < front_.size(); ++i)
    live_.push_back(&front_.at(i).node);
  for (Snapshot& snapshot : snapshots_) {
    for (std::size_t at = 0; at < snapshot.front.size(); at += front_.bytes() / 8) {
      live_.push_back(&reinterpret_cast<Configuration*>(&snapshot.front[at])->node);
    }
  }
  trace_.prune(live_);
}

/// Narrows the beam while events cost more than they should, widens it again when they cost little.
template <int W>
void RegisterSearch<W>::choose_beam() {
  if (event_ < wide_until_ || event_ < window_event_ + 64) return;
  const std::size_t effort = (steps_ - window_steps_) / (event_ - window_event_);
  window_event_ = event_;
  window_steps_ = steps_;
  constexpr std::size_t effort_high = 24, effort_low = 6;  // steps an event
  if (effort > effort_high && level_ > 0) --level_;
  if (effort < effort_low && level_ < level_first) ++level_;
}

template <int W>
void RegisterSearch<W>::save() {
  const std::size_t number = event_ / snapshot_interval;
  if (!snapshots_.empty() && snapshots_.back().event == event_) return;
  // Of those that are 2^j intervals old, every 2^j-th stays: a few per power of two.
  std::erase_if(snapshots_, [&](const Snapshot& snapshot) {
    const std::size_t own = snapshot.event / snapshot_interval;
    const std::size_t age = number - own;
    std::size_t spacing = 1;
    while (spacing * 4 < age)
      spacing *= 2;
    return own % spacing != 0;
  });
  Snapshot& snapshot = snapshots_.emplace_back();
  snapshot.event = event_;
  snapshot.pruned = pruned_;
  snapshot.supply = supply_;
  for (unsigned slot = 0; slot < slots_max; ++slot) {
    if (!free_.has(slot)) snapshot.pending.emplace_back(slot, slot_op_[slot]);
  }
  const std::size_t words = front_.bytes() / 8;
  snapshot.front.resize(front_.size() * words);
  for (std::size_t i = 0; i < front_.size(); ++i)
    std::memcpy(&snapshot.front[i * words], &front_.at(i), front_.bytes());
}

/// Goes back to the last snapshot that is not later than `event_max`.
template <int W>
void RegisterSearch<W>::restore(std::size_t event_max) {
  while (snapshots_.size() > 1 && snapshots_.back().event > event_max)
    snapshots_.pop_back();
  const Snapshot& snapshot = snapshots_.back();
  for (unsigned slot = 0; slot < slots_max; ++slot) {
    if (!free_.has(slot)) release(slot);
  }
  for (const auto& [slot, op] : snapshot.pending)
    occupy(slot, op);
  event_ = snapshot.event;
  pruned_ = snapshot.pruned;
  supply_ = snapshot.supply;
  front_.clear();
  for (std::size_t at = 0; at < snapshot.front.size(); at += front_.bytes() / 8)
    front_.push(*reinterpret_cast<const Configuration*>(&snapshot.front[at]));
}

template <int W>
void RegisterSearch<W>::note_stuck() {
  state_ = State::stuck;
  if (event_ > stuck_at_) stuck_count_ = 0;  // it has got farther than ever
  stuck_at_ = std::max(stuck_at_, event_);
  ++stuck_count_;
}

template <int W>
void RegisterSearch<W>::widen() {
  GAUNTLET_ASSERT(state_ == State::stuck);
  const std::size_t back = std::size_t{64} << std::min(2 * stuck_count_, 40u);
  wide_until_ = event_ + 256;
  level_ = std::min(beams.size() - 1, std::max<std::size_t>(level_, 1) + stuck_count_);
  restore(event_ > back ? event_ - back : 0);
  window_event_ = event_;
  window_steps_ = steps_;
  state_ = State::running;
}

}  // namespace gauntlet
