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
  Slots beyond = (x.open & observers) - y.open;
  if constexpr (Rules::compares_obliged) beyond = beyond | (x.obliged - y.obliged);
  if (!beyond.empty()) return false;
  if (options_.unlimited && x.cost > y.cost) return false;
  const bool same_cas = (x.open & cas_) == (y.open & cas_);
  if (same_cas && ((y.open & writes_) - x.open).empty()) {
    bool fewer = true;
    for (std::size_t lane = 0; lane < supply_.size() && !options_.unlimited; ++lane) {
      if (!Rules::counts_crashed_cas && part_.lanes[lane].is_cas) continue;
      fewer = fewer && x.used()[lane] <= y.used()[lane];
    }
    if (fewer) return true;
  }
  if (supply_.empty() && ((x.open & cas_).size() != (y.open & cas_).size() ||
                          (x.open & writes_).size() < (y.open & writes_).size())) {
    return false;
  }
  return options_.unlimited ? dominates_at_a_price(x, y) : dominates_in_detail(x, y);
}

/// Rule 2 for one value: by how many writes of it, at some deadline, X has more left than Y (at
/// least; negative: fewer), `more` of them crashed ones.
template <int W>
std::int32_t RegisterSearch<W>::write_balance(const Configuration& x, const Configuration& y,
                                              std::uint32_t value, std::int32_t more) const {
  std::array<unsigned, slots_max> order;
  std::size_t count = 0;
  const Slots differences = ((x.open - y.open) | (y.open - x.open)) & values_[value].writes;
  differences.each([&](unsigned slot) { order[count++] = slot; });
  std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
            [&](unsigned a, unsigned b) { return slot_[a].returns > slot_[b].returns; });
  std::int32_t balance = more, least = more;
  for (std::size_t i = 0; i < count; ++i) {
    balance += x.open.has(order[i]) ? 1 : -1;
    least = std::min(least, balance);
  }
  return Rules::compares_write_deadlines ? least : balance;
}

/// Rule 3 for live compare-and-sets between two values: how many of those left in Y remain when
/// those left in X are matched; negative where they cannot be.
template <int W>
std::int32_t RegisterSearch<W>::unmatched_cas(const Configuration& x, const Configuration& y,
                                              std::uint32_t from, std::uint32_t to) const {
  std::array<unsigned, slots_max> order;
  std::size_t count = 0;
  (((x.open - y.open) | (y.open - x.open)) & values_[from].cas_from).each([&](unsigned slot) {
    if (slot_[slot].to == to) order[count++] = slot;
  });
  std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
            [&](unsigned a, unsigned b) { return slot_[a].returns < slot_[b].returns; });
  std::int32_t balance = 0;
  for (std::size_t i = 0; i < count; ++i) {
    balance += y.open.has(order[i]) ? 1 : -1;
    if (balance < 0 && Rules::compares_cas_deadlines) return -1;
  }
  return balance;
}

/// Calls `visit(unmatched, from, to)` for each two values between which the live compare-and-sets
/// left differ; false as soon as they cannot be matched.
template <int W>
template <class Visit>
bool RegisterSearch<W>::match_cas(const Configuration& x, const Configuration& y,
                                  Visit visit) const {
  std::array<std::uint32_t, slots_max> seen_from, seen_to;
  std::size_t pairs = 0;
  bool holds = true;
  (((x.open - y.open) | (y.open - x.open)) & cas_).each([&](unsigned slot) {
    if (!holds) return;
    const RegisterOperation& cas = slot_[slot];
    for (std::size_t i = 0; i < pairs; ++i) {
      if (seen_from[i] == cas.from && seen_to[i] == cas.to) return;
    }
    seen_from[pairs] = cas.from;
    seen_to[pairs++] = cas.to;
    const std::int32_t unmatched = unmatched_cas(x, y, cas.from, cas.to);
    holds = unmatched >= 0;
    if (unmatched > 0) visit(unmatched, cas.from, cas.to);
  });
  return holds;
}

/// Crashed operations without number, at their price: what X lacks it buys, for no more than Y has
/// spent beyond X. (A beam that keeps no account takes costs for what they are: a choice.)
template <int W>
bool RegisterSearch<W>::dominates_at_a_price(const Configuration& x, const Configuration& y) {
  std::int64_t left = y.cost - x.cost;
  constexpr std::int64_t not_for_sale = std::int64_t{1} << 40;
  const auto price_of = [&](std::uint32_t lane) {
    return lane == no_lane || supply_[lane] == 0 ? not_for_sale : options_.costs[lane];
  };
  touched_.clear();
  ((y.open - x.open) & writes_).each([&](unsigned slot) {
    const std::uint32_t value = slot_[slot].to;
    if (left < 0 || std::find(touched_.begin(), touched_.end(), value) != touched_.end()) return;
    touched_.push_back(value);
    const std::int32_t least = write_balance(x, y, value, 0);
    if (least < 0) left += least * price_of(values_[value].write_lane);
  });
  if (left < 0) return false;
  const bool matched =
      match_cas(x, y, [&](std::int32_t unmatched, std::uint32_t from, std::uint32_t to) {
        std::int64_t price = price_of(values_[to].write_lane);
        for (const std::uint32_t lane : values_[from].cas_lanes) {
          if (part_.lanes[lane].to == to) price = std::min(price, price_of(lane));
        }
        left -= unmatched * price;
      });
  return matched && left >= 0;
}

template <int W>
bool RegisterSearch<W>::dominates_in_detail(const Configuration& x, const Configuration& y) {
  // Rule 2, value by value. `spare_` and `lack_` are zero between calls.
  touched_.clear();
  bool holds = true;
  const auto balance_of = [&](std::uint32_t value) -> std::int32_t {
    const std::uint32_t lane = values_[value].write_lane;
    return lane == no_lane ? 0 : y.used()[lane] - x.used()[lane];
  };
  ((y.open - x.open) & writes_).each([&](unsigned slot) {
    const std::uint32_t value = slot_[slot].to;
    if (!holds || std::find(touched_.begin(), touched_.end(), value) != touched_.end()) return;
    spare_[value] = write_balance(x, y, value, balance_of(value));
    holds = spare_[value] >= 0;
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
  struct Unmatched {
    std::uint32_t from, to;
    std::int32_t count;
  };
  std::array<Unmatched, slots_max> unmatched;
  std::size_t pairs = 0;
  holds = holds && match_cas(x, y, [&](std::int32_t count, std::uint32_t from, std::uint32_t to) {
            unmatched[pairs++] = {from, to, count};
          });
  const auto lack = [&](std::uint32_t value, std::int32_t count) {
    if (count <= 0) return;
    lack_[value] += count;
    holds = holds && lack_[value] <= spare_[value] + Rules::cover_beyond_spare;
    touched_.push_back(value);
  };
  for (std::uint32_t lane = 0; lane < supply_.size() && holds; ++lane) {
    const CrashedLane& crashed = part_.lanes[lane];
    if (!crashed.is_cas) continue;
    std::int32_t more = Rules::counts_crashed_cas ? x.used()[lane] - y.used()[lane] : 0;
    for (std::size_t i = 0; i < pairs; ++i) {
      if (unmatched[i].from == crashed.from && unmatched[i].to == crashed.to) {
        more += unmatched[i].count;
        unmatched[i].count = 0;
      }
    }
    lack(crashed.to, more);
  }
  for (std::size_t i = 0; i < pairs && holds; ++i)
    lack(unmatched[i].to, unmatched[i].count);
  for (const std::uint32_t value : touched_)
    spare_[value] = lack_[value] = 0;
  return holds;
}

}  // namespace gauntlet
