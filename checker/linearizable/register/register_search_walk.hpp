// Events and walks of RegisterSearch (register_search.hpp).
#pragma once

#include "base/assert.hpp"
#include "checker/linearizable/witness.hpp"

namespace gauntlet {

template <int W>
RegisterSearch<W>::RegisterSearch(const RegisterPart& part, const RegisterSearchOptions& options)
    : part_(part),
      options_(options),
      front_(part.lanes.size()),
      next_(part.lanes.size()),
      seen_(part.lanes.size()) {
  options_.costs.resize(part.lanes.size(), crashed_cost_standard);
  options_.end = std::min(options_.end, part.events.size());
  values_.resize(part.values);
  for (std::uint32_t lane = 0; lane < part.lanes.size(); ++lane) {
    const CrashedLane& crashed = part.lanes[lane];
    if (crashed.is_cas) {
      values_[crashed.from].cas_lanes.push_back(lane);
    } else {
      values_[crashed.to].write_lane = lane;
    }
  }
  for (unsigned slot = 0; slot < slots_max; ++slot)
    free_.add(slot);
  slot_op_.resize(slots_max);
  slot_.resize(slots_max);
  slot_of_.resize(part.operations.size());
  supply_.resize(part.lanes.size(), 0);
  const std::size_t buckets = std::min<std::size_t>(part.values, 1024);
  next_index_.resize(buckets);
  seen_index_.resize(buckets);
  spare_.resize(part.values, 0);
  lack_.resize(part.values, 0);
  scratch_.resize(front_.bytes() / 8);
  auto& first = *reinterpret_cast<Configuration*>(scratch_.data());
  first.state = part.initial;
  first.node = Trace::root;
  front_.push(first);
}

template <int W>
typename RegisterSearch<W>::State RegisterSearch<W>::advance(Effort& effort,
                                                             std::size_t steps_max) {
  const std::size_t steps_end = steps_ + steps_max;
  while (state_ == State::running && steps_ < steps_end && !effort.exhausted()) {
    if (event_ == options_.end) {
      state_ = State::finished;
      break;
    }
    if (!options_.exact && event_ % snapshot_interval == 0) save();
    const PartEvent event = part_.events[event_];
    steps_ += front_.size();
    if (event.returns) {
      if (!complete(event.op, effort)) break;
    } else {
      invoke(event.op);
    }
    ++event_;
  }
  return state_;
}

template <int W>
std::vector<Trace::Step> RegisterSearch<W>::best_way() const {
  std::size_t best = 0;
  for (std::size_t i = 1; i < front_.size(); ++i) {
    if (front_.at(i).cost < front_.at(best).cost) best = i;
  }
  return trace_.way(front_.at(best).node);
}

template <int W>
void RegisterSearch<W>::invoke(OpId op) {
  const RegisterOperation& operation = part_.operations[op];
  if (operation.returns == never_returns) {
    if (supply_[operation.lane] < used_max) ++supply_[operation.lane];
    funds_ += options_.costs[operation.lane];
    return;
  }
  unsigned slot = 0;
  for (int i = 0; i < W; ++i) {
    if (free_.words[i] == 0) continue;
    slot = static_cast<unsigned>(64 * i + std::countr_zero(free_.words[i]));
    break;
  }
  OfValue& value = values_[operation.from];
  // Padding: the equals outstanding that return no earlier.
  const auto with_later = [&](const Slots& equals) {
    Slots padded;
    padded.add(slot);
    equals.each([&](unsigned other) {
      if (slot_[other].returns > operation.returns) padded.add(other);
    });
    return padded;
  };
  switch (operation.kind) {
    case RegisterOp::read: {
      const Slots padded = with_later(value.reads);
      for (std::size_t i = 0; i < front_.size(); ++i) {
        Configuration& c = front_.at(i);
        if (c.state != operation.from) c.open = c.open | padded;
      }
      break;
    }
    case RegisterOp::write: {
      const Slots padded = with_later(value.writes);
      for (std::size_t i = 0; i < front_.size(); ++i) {
        Configuration& c = front_.at(i);
        c.open.add(slot);
        if (c.state != operation.to) c.obliged = c.obliged | padded;
      }
      break;
    }
    case RegisterOp::cas:
      for (std::size_t i = 0; i < front_.size(); ++i)
        front_.at(i).open.add(slot);
      break;
    case RegisterOp::differ:
      for (std::size_t i = 0; i < front_.size(); ++i) {
        Configuration& c = front_.at(i);
        if (c.state == operation.from) c.open.add(slot);
      }
      break;
    case RegisterOp::none:
      break;
  }
  occupy(slot, op);
}

template <int W>
void RegisterSearch<W>::occupy(unsigned slot, OpId op) {
  free_.remove(slot);
  slot_op_[slot] = op;
  slot_[slot] = part_.operations[op];
  slot_of_[op] = slot;
  OfValue& value = values_[slot_[slot].from];
  switch (slot_[slot].kind) {
    case RegisterOp::read:
      value.reads.add(slot);
      reads_.add(slot);
      break;
    case RegisterOp::write:
      value.writes.add(slot);
      writes_.add(slot);
      break;
    case RegisterOp::cas:
      value.cas_from.add(slot);
      cas_.add(slot);
      break;
    case RegisterOp::differ:
      value.differ.add(slot);
      differ_.add(slot);
      break;
    case RegisterOp::none:
      break;
  }
}

template <int W>
void RegisterSearch<W>::release(unsigned slot) {
  OfValue& value = values_[slot_[slot].from];
  for (Slots* set : {&value.reads, &value.writes, &value.cas_from, &value.differ, &reads_, &writes_,
                     &cas_, &differ_}) {
    set->remove(slot);
  }
  free_.add(slot);
}

template <int W>
bool RegisterSearch<W>::complete(OpId op, Effort& effort) {
  target_ = slot_of_[op];
  target_kind_ = slot_[target_].kind;
  target_value_ = slot_[target_].to;
  if (target_kind_ == RegisterOp::read || target_kind_ == RegisterOp::differ) {
    target_value_ = slot_[target_].from;
  }
  bool all_through = true;
  for (std::size_t i = 0; i < front_.size() && all_through; ++i)
    all_through = !front_.at(i).open.has(target_);
  if (all_through) {
    release(target_);
    return true;
  }
  next_.clear();
  seen_.clear();
  queue_.clear();
  arrived_.clear();
  for (auto& bucket : next_index_)
    bucket.clear();
  for (auto& bucket : seen_index_)
    bucket.clear();
  for (std::size_t i = 0; i < front_.size(); ++i) {
    Configuration& c = front_.at(i);
    arrive(c);
    if (!c.open.has(target_)) continue;
    if (target_kind_ == RegisterOp::write && !c.obliged.has(target_)) {
      std::memcpy(scratch_.data(), &c, front_.bytes());
      auto& unseen = *reinterpret_cast<Configuration*>(scratch_.data());
      unseen.open.remove(target_);
      arrive(unseen);
    }
  }
  if (!walk(effort)) return false;  // the front is as it was: the event can be taken up again
  settle();
  if (front_.size() == 0) {
    if (pruned_) {
      note_stuck();
    } else {
      state_ = State::dead;
    }
    return false;
  }
  release(target_);
  return true;
}

/// The cheapest first. No step lowers the cost, so with a beam it may end as soon as it is full of
/// arrivals that are no dearer than what is still to be expanded.
template <int W>
bool RegisterSearch<W>::walk(Effort& effort) {
  while (!queue_.empty()) {
    const auto [cost, i] = queue_.front();
    if (!options_.exact && !arrived_.empty()) {
      const Beam& beam = beams[level_];
      const bool full = arrived_.size() == beam.width && arrived_.front() <= cost;
      if (full || cost > arrived_min_ + beam.margin) {
        pruned_ = true;
        break;
      }
    }
    std::pop_heap(queue_.begin(), queue_.end(), std::greater<>());
    queue_.pop_back();
    ++steps_;
    if (effort.exhausted()) return false;
    if (enlist(seen_, seen_index_, i)) expand(seen_.at(i));
  }
  return true;
}

/// Whether being at `value` may be of use other than for ending the walk.
template <int W>
bool RegisterSearch<W>::leads_on(const Configuration& c, std::uint32_t value) const {
  return !(c.open & values_[value].reads).empty() || cas_left(c, value);
}

template <int W>
bool RegisterSearch<W>::cas_left(const Configuration& c, std::uint32_t value) const {
  if (!(c.open & values_[value].cas_from).empty()) return true;
  for (const std::uint32_t lane : values_[value].cas_lanes) {
    if (has_crashed(c, lane)) return true;
  }
  return false;
}

template <int W>
void RegisterSearch<W>::expand(const Configuration& from) {
  const auto ends_walk = [&](std::uint32_t value, bool by_write) {
    switch (target_kind_) {
      case RegisterOp::read:
        return value == target_value_;
      case RegisterOp::write:
        return by_write && value == target_value_;
      case RegisterOp::differ:
        return value != target_value_;
      case RegisterOp::cas:
      case RegisterOp::none:
        return false;  // a live compare-and-set is always tried
    }
    return false;
  };
  // An open `differ` operation is satisfied by being anywhere else.
  const bool any_differs = !(from.open & differ_).empty();

  Slots left = from.open & values_[from.state].cas_from;
  std::uint32_t tried[slots_max];
  std::size_t tried_count = 0;
  left.each([&](unsigned slot) {
    const std::uint32_t to = slot_[slot].to;
    if (std::find(tried, tried + tried_count, to) != tried + tried_count) return;
    tried[tried_count++] = to;
    unsigned first = slot;
    left.each([&](unsigned other) {
      if (slot_[other].to == to && slot_[other].returns < slot_[first].returns) first = other;
    });
    take_live(from, first);
  });
  for (const std::uint32_t lane : values_[from.state].cas_lanes) {
    const std::uint32_t to = part_.lanes[lane].to;
    if (!has_crashed(from, lane)) continue;
    if (std::find(tried, tried + tried_count, to) != tried + tried_count) continue;
    if (any_differs || leads_on(from, to) || ends_walk(to, false)) take_crashed(from, lane);
  }

  tried_count = 0;
  const auto worth_writing = [&](std::uint32_t value) {
    if (ends_walk(value, true)) return true;
    if (value != from.state) return any_differs || leads_on(from, value);
    if (!Rules::writes_own_value) return false;
    return !(from.obliged - values_[value].writes).empty() && cas_left(from, value);
  };
  left = from.open & writes_;
  left.each([&](unsigned slot) {
    const std::uint32_t value = slot_[slot].to;
    if (std::find(tried, tried + tried_count, value) != tried + tried_count) return;
    tried[tried_count++] = value;
    if (!worth_writing(value)) return;
    unsigned first = slot;
    (left & values_[value].writes).each([&](unsigned other) {
      if (slot_[other].returns < slot_[first].returns) first = other;
    });
    take_live(from, first);
  });
  for (std::uint32_t lane = 0; lane < part_.lanes.size(); ++lane) {
    const CrashedLane& crashed = part_.lanes[lane];
    if (crashed.is_cas || !has_crashed(from, lane)) continue;
    if (std::find(tried, tried + tried_count, crashed.to) != tried + tried_count) continue;
    if (worth_writing(crashed.to)) take_crashed(from, lane);
  }
}

template <int W>
void RegisterSearch<W>::take_live(const Configuration& from, unsigned slot) {
  std::memcpy(scratch_.data(), &from, front_.bytes());
  auto& c = *reinterpret_cast<Configuration*>(scratch_.data());
  c.open.remove(slot);
  const bool is_write = slot_[slot].kind == RegisterOp::write;
  if (is_write && !priced()) ++c.cost;
  enter(c, slot_[slot].to, is_write);
  c.node = trace_.add(from.node, slot_op_[slot], static_cast<std::uint32_t>(event_));
  arrive(c);
}

template <int W>
void RegisterSearch<W>::take_crashed(const Configuration& from, std::uint32_t lane) {
  std::memcpy(scratch_.data(), &from, front_.bytes());
  auto& c = *reinterpret_cast<Configuration*>(scratch_.data());
  c.cost += options_.costs[lane];
  if (priced() && c.cost > funds_) return;
  if (!options_.unlimited) ++c.used()[lane];
  enter(c, part_.lanes[lane].to, !part_.lanes[lane].is_cas);
  c.node = trace_.add(from.node, crashed_kind_flag | lane, static_cast<std::uint32_t>(event_));
  arrive(c);
}

template <int W>
void RegisterSearch<W>::enter(Configuration& c, std::uint32_t value, bool by_write) {
  c.state = value;
  c.open = c.open - values_[value].reads - (differ_ - values_[value].differ);
  c.obliged = by_write ? Slots{} : c.obliged - values_[value].writes;
}

template <int W>
void RegisterSearch<W>::arrive(Configuration& c) {
  if (c.open.has(target_)) {
    // Compared with others only when its turn comes: with a beam, most never get it.
    seen_.push(c).dead = 0;
    queue_.emplace_back(c.cost, static_cast<std::uint32_t>(seen_.size() - 1));
    std::push_heap(queue_.begin(), queue_.end(), std::greater<>());
    return;
  }
  next_.push(c).dead = 0;
  if (!enlist(next_, next_index_, static_cast<std::uint32_t>(next_.size() - 1))) {
    next_.pop();
  } else if (!options_.exact) {
    if (arrived_.empty() || c.cost < arrived_min_) arrived_min_ = c.cost;
    arrived_.push_back(c.cost);
    std::push_heap(arrived_.begin(), arrived_.end());
    if (arrived_.size() <= beams[level_].width) return;
    std::pop_heap(arrived_.begin(), arrived_.end());
    arrived_.pop_back();
  }
}

}  // namespace gauntlet
