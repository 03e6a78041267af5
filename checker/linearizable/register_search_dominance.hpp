// When one configuration makes another superfluous: the rules of register_configurations.hpp.
#pragma once

namespace gauntlet {

/// Puts a configuration of the set into the index unless one there dominates it; takes out those
/// that it dominates.
template <int W>
bool RegisterSearch<W>::enlist(Configurations& set, Index& index, std::uint32_t position) {
  const Configuration& c = set.at(position);
  auto& bucket = index[c.state % index.size()];
  for (const std::uint32_t other : bucket) {
    if (dominates(set.at(other), c)) return false;  // then `c` dominates nothing here
  }
  std::erase_if(bucket, [&](std::uint32_t other) {
    if (!dominates(c, set.at(other))) return false;
    set.at(other).dead = 1;
    return true;
  });
  bucket.push_back(position);
  return true;
}

template <int W>
bool RegisterSearch<W>::dominates(const Configuration& x, const Configuration& y) {
  if (x.state != y.state) return false;
  const Slots observers = reads_ | differ_;
  if (!(((x.open & observers) - y.open) | (x.obliged - y.obliged)).empty()) return false;
  const bool same_cas = (x.open & cas_) == (y.open & cas_);
  if (same_cas && ((y.open & writes_) - x.open).empty()) {
    bool fewer = true;
    for (std::size_t lane = 0; lane < supply_.size(); ++lane)
      fewer = fewer && x.used()[lane] <= y.used()[lane];
    if (fewer) return true;
  }
  if (supply_.empty() && ((x.open & cas_).size() != (y.open & cas_).size() ||
                          (x.open & writes_).size() < (y.open & writes_).size())) {
    return false;
  }
  return dominates_in_detail(x, y);
}

template <int W>
bool RegisterSearch<W>::dominates_in_detail(const Configuration& x, const Configuration& y) {
  // Rule 2, value by value. `spare_` and `lack_` are zero between calls.
  touched_.clear();
  bool holds = true;
  const Slots write_differences = ((x.open - y.open) | (y.open - x.open)) & writes_;
  const auto balance_of = [&](std::uint32_t value) -> std::int32_t {
    const std::uint32_t lane = values_[value].write_lane;
    if (lane == no_lane) return 0;
    return options_.unlimited[lane] ? 1 << 30 : y.used()[lane] - x.used()[lane];
  };
  std::array<unsigned, 64 * W> order;
  ((y.open - x.open) & writes_).each([&](unsigned slot) {
    const std::uint32_t value = slot_[slot].to;
    if (!holds || std::find(touched_.begin(), touched_.end(), value) != touched_.end()) return;
    std::size_t count = 0;
    (write_differences & values_[value].writes).each([&](unsigned s) { order[count++] = s; });
    std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
              [&](unsigned a, unsigned b) { return slot_[a].returns > slot_[b].returns; });
    std::int32_t balance = balance_of(value), least = balance;
    for (std::size_t i = 0; i < count; ++i) {
      balance += x.open.has(order[i]) ? 1 : -1;
      least = std::min(least, balance);
    }
    holds = least >= 0;
    spare_[value] = least;
    touched_.push_back(value);
  });
  const std::size_t detailed = touched_.size();
  for (std::uint32_t lane = 0; lane < supply_.size() && holds; ++lane) {
    if (part_.lanes[lane].is_cas) continue;
    const std::uint32_t value = part_.lanes[lane].to;
    const auto end = touched_.begin() + static_cast<std::ptrdiff_t>(detailed);
    if (std::find(touched_.begin(), end, value) != end) continue;
    spare_[value] = balance_of(value);
    touched_.push_back(value);
    holds = spare_[value] >= 0;
  }
  // Rule 3.
  std::array<std::uint32_t, 64 * W> unmatched_from, unmatched_to;
  std::array<std::int32_t, 64 * W> unmatched;
  std::size_t pairs = 0;
  const Slots cas_differences = ((x.open - y.open) | (y.open - x.open)) & cas_;
  cas_differences.each([&](unsigned slot) {
    if (!holds) return;
    const RegisterOperation& cas = slot_[slot];
    for (std::size_t i = 0; i < pairs; ++i) {
      if (unmatched_from[i] == cas.from && unmatched_to[i] == cas.to) return;
    }
    std::size_t count = 0;
    (cas_differences & values_[cas.from].cas_from).each([&](unsigned s) {
      if (slot_[s].to == cas.to) order[count++] = s;
    });
    std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
              [&](unsigned a, unsigned b) { return slot_[a].returns < slot_[b].returns; });
    std::int32_t balance = 0;
    for (std::size_t i = 0; i < count; ++i) {
      balance += y.open.has(order[i]) ? 1 : -1;
      holds = holds && balance >= 0;
    }
    unmatched_from[pairs] = cas.from;
    unmatched_to[pairs] = cas.to;
    unmatched[pairs++] = balance;
  });
  const auto lack = [&](std::uint32_t value, std::int32_t count) {
    if (count <= 0) return;
    lack_[value] += count;
    holds = holds && lack_[value] <= spare_[value];
    touched_.push_back(value);
  };
  for (std::uint32_t lane = 0; lane < supply_.size() && holds; ++lane) {
    const CrashedLane& crashed = part_.lanes[lane];
    if (!crashed.is_cas) continue;
    std::int32_t more = x.used()[lane] - y.used()[lane];
    for (std::size_t i = 0; i < pairs; ++i) {
      if (unmatched_from[i] == crashed.from && unmatched_to[i] == crashed.to) {
        more += unmatched[i];
        unmatched[i] = 0;
      }
    }
    if (!options_.unlimited[lane]) lack(crashed.to, more);
  }
  for (std::size_t i = 0; i < pairs && holds; ++i)
    lack(unmatched_to[i], unmatched[i]);
  for (const std::uint32_t value : touched_)
    spare_[value] = lack_[value] = 0;
  return holds;
}

}  // namespace gauntlet
