// A history is k-atomic if there is an order of all operations that agrees with real time and in
// which each read answers one of the last k values written before it. Golab, Hurwitz and Li, "On
// the k-atomicity-verification problem", ICDCS 2013 (with proofs: arXiv 1309.5522).
//
// From orders of operations to orders of writes. Let a zone be a write with its reads, begin its
// write's invocation, f its first return and s its last invocation. An order p of the zones can be
// completed with the reads if and only if
//
//   (1) for all i before j in p: begin(i) < f(j), and
//   (2) for all i at least k places before j in p: s(i) < f(j).
//
// Necessary: (1) the write of i takes effect before that of j, so after begin(i) and before f(j),
// at which j has taken effect. (2) The reads of i come before the k-th write after that of i and so
// before that of j. Sufficient: let each write take effect right after the greatest of begin(i) of
// those up to it and s(i) of those at least k places before it. This is before its own f, the
// moments ascend along p (let those that are equal follow one another), and a read of zone i that
// lasts from s to e has room between its write (before f(i) <= e) and the k-th one after that
// (after s(i) >= s).
//
// With zones numbered by f, "f(j) < x" means "j < the number of zones that returned before x". So
// (1) says that j comes before i for all j < after[i], and (2) that j comes at most k - 1 places
// after i for all j < reach[i].
//
// k = 2, decided by a greedy construction in linear time (the cited paper has FZF for this, in
// O(n log n); the construction here is simpler, and its proof is below). The order is built from
// its front. R are the zones that are not placed yet, a the least of them, b the next. The state is
// clean if all zones placed have reach <= a: they ask nothing of R. In a clean state:
//
//  - Zone i of R is free if reach[i] <= a. Placing it now loses nothing: in an order of R that
//    satisfies (1) and (2), move i to the front. Two zones of which the second must not be too far
//    behind the first are no further apart than before, unless the first is i, which asks nothing.
//    And nothing had to come before i, as after[i] <= reach[i] <= a.
//  - Else all of R ask for a. So whichever comes first, a is first or second. Call i candidate if
//  it
//    may stand right before a: i is not a, after[i] <= a, and it asks for nothing in R but a and
//    itself. If an order of R that starts with a satisfies (1) and (2), it still does when a
//    candidate i is moved to its front: a is right behind i, and for the rest the argument is as
//    above. If one does that starts with another candidate i', and i < i', then i and i' can change
//    places: whatever asks for i' or must come after it, asks for i or must come after i as well,
//    so that the old place of i suits i' (which asks for a only, and must come after nothing in R);
//    and i is right before a. So: if there are candidates, place the least of them, and then a;
//    otherwise a.
//  - After that there is no choice until the state is clean again: a zone that was placed and asks
//    for one more must have that placed next; one that asks for two more ends it: not 2-atomic.
//
// The zones that are looked at for a candidate other than b have reach <= b; b or a later one is
// the least of R in the next clean state, so all these are free then, and each zone is looked at
// twice at most. (b is a candidate if reach[b] is at most the zone after b, and it is the least
// possible one. Others ask for nothing but a, themselves and not b, so reach[i] <= b.)
//
// For k of 3 and more no efficient algorithm is known. Upper bounds come from orders that are
// tried: by f; by min(f, s), which has k = 1 if there is any such order (see
// linearizable/zones.cpp); and these two with the zones that would be read too late moved back by
// as much as it takes to reach a k in view. What an order achieves is counted by k_of_order, so the
// bound holds whatever the rule of thumb was.
#include "checker/staleness/k_atomicity.hpp"

#include <algorithm>
#include <limits>

namespace gauntlet::staleness {

namespace {

using Order = std::vector<std::uint32_t>;

constexpr std::uint32_t none = 0xFFFFFFFFu;

/// Positions 0 to size - 1 by their key, ascending; equal ones by position.
template <class Key>
Order sorted_by(std::uint32_t size, std::uint32_t key_max, const Key& key) {
  std::vector<std::uint32_t> at(std::size_t{key_max} + 2, 0);
  for (std::uint32_t i = 0; i < size; ++i)
    ++at[key(i) + 1];
  for (std::size_t k = 1; k < at.size(); ++k)
    at[k] += at[k - 1];
  Order order(size);
  for (std::uint32_t i = 0; i < size; ++i)
    order[at[key(i)]++] = i;
  return order;
}

/// The greedy construction for k = 2.
class TwoAtomic {
 public:
  explicit TwoAtomic(const WriteOrderProblem& problem)
      : problem_(problem),
        size_(problem.size()),
        next_(size_),
        previous_(size_),
        placed_(size_, false),
        by_reach_(sorted_by(size_, size_, [&](std::uint32_t i) { return problem.reach[i]; })) {
    for (std::uint32_t i = 0; i < size_; ++i) {
      next_[i] = i + 1;
      previous_[i] = i - 1;  // of the first: not used
    }
  }

  bool run() {
    while (true) {
      place_free();
      if (first_ == size_) return true;
      const std::uint32_t before_first = candidate();
      if (before_first != none) place(before_first);
      if (!place_and_follow(first_)) return false;
    }
  }

 private:
  void place(std::uint32_t zone) {
    placed_[zone] = true;
    if (zone == first_) {
      first_ = next_[zone];
      return;
    }
    next_[previous_[zone]] = next_[zone];
    if (next_[zone] < size_) previous_[next_[zone]] = previous_[zone];
  }

  void place_free() {
    for (; looked_at_ < size_; ++looked_at_) {
      const std::uint32_t zone = by_reach_[looked_at_];
      if (placed_[zone]) continue;
      if (problem_.reach[zone] > first_) return;
      place(zone);
    }
  }

  std::uint32_t candidate() const {
    const std::uint32_t second = next_[first_];
    if (second == size_) return none;
    if (problem_.after[second] <= first_ && problem_.reach[second] <= next_[second]) return second;
    std::uint32_t least = none;
    for (std::uint32_t i = looked_at_; i < size_; ++i) {
      const std::uint32_t zone = by_reach_[i];
      if (problem_.reach[zone] > second) break;
      if (!placed_[zone] && zone != first_ && problem_.after[zone] <= first_) {
        least = std::min(least, zone);
      }
    }
    return least;
  }

  /// Places a zone and those that must follow it until the state is clean.
  bool place_and_follow(std::uint32_t zone) {
    while (true) {
      place(zone);
      if (problem_.reach[zone] <= first_) return true;
      if (problem_.reach[zone] > next_[first_]) return false;
      zone = first_;
    }
  }

  const WriteOrderProblem& problem_;
  std::uint32_t size_;
  Order next_, previous_;  // the zones that are not placed, by number
  std::vector<bool> placed_;
  Order by_reach_;
  std::uint32_t looked_at_ = 0;  // in by_reach_: all before are placed
  std::uint32_t first_ = 0;      // the least that is not placed
};

/// Orders by keys that agree with (1), and variants of them.
class Orders {
 public:
  explicit Orders(const WriteOrderProblem& problem) : problem_(problem), size_(problem.size()) {}

  /// Zones by f, or by min(f, s). Keys are four times the zone's number, or a little less than four
  /// times its reach where it began to be of interest to nobody before that.
  std::uint32_t base(bool by_first_return) {
    const auto key = [&](std::uint32_t i) {
      const std::uint32_t reach = problem_.reach[i];
      if (by_first_return || reach > i) return 4 * i + 2;
      return 4 * reach;
    };
    keys_.resize(size_);
    for (std::uint32_t i = 0; i < size_; ++i)
      keys_[i] = key(i);
    order_ = sorted_by(size_, 4 * size_, key);
    // limits_[i]: the least key of a zone that comes after i whatever happens.
    limits_.assign(std::size_t{size_} + 1, std::numeric_limits<std::uint32_t>::max());
    for (std::uint32_t i = 0; i < size_; ++i) {
      if (problem_.after[i] == 0) continue;
      std::uint32_t& limit = limits_[problem_.after[i] - 1];
      limit = std::min(limit, keys_[i]);
    }
    for (std::uint32_t i = size_; i-- > 0;)
      limits_[i] = std::min(limits_[i], limits_[i + 1]);
    return k_of(order_);
  }

  /// The base order with zones moved back so that at most k - 1 of those that they ask for follow.
  std::uint32_t delayed(std::uint32_t k) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> moved;  // key, zone
    Order stay;
    stay.reserve(size_);
    for (const std::uint32_t i : order_) {
      const std::uint32_t reach = problem_.reach[i];
      const std::uint32_t wanted = reach > k ? 4 * (reach - k) + 3 : 0;
      const std::uint32_t key = std::min(wanted, limits_[i] - 1);
      if (reach > i && key > keys_[i]) {
        moved.emplace_back(key, i);
      } else {
        stay.push_back(i);
      }
    }
    if (moved.empty()) return none;
    std::sort(moved.begin(), moved.end());
    Order order(size_);
    std::size_t next_moved = 0, at = 0;
    for (const std::uint32_t i : stay) {
      for (; next_moved < moved.size() && moved[next_moved].first < keys_[i]; ++next_moved)
        order[at++] = moved[next_moved].second;
      order[at++] = i;
    }
    for (; next_moved < moved.size(); ++next_moved)
      order[at++] = moved[next_moved].second;
    return k_of(order);
  }

 private:
  std::uint32_t k_of(const Order& order) const {
    return k_of_order(problem_, order).value_or(none);
  }

  const WriteOrderProblem& problem_;
  std::uint32_t size_;
  Order order_;
  std::vector<std::uint32_t> keys_, limits_;
};

}  // namespace

WriteOrderProblem write_order_problem(const std::vector<Zone>& zones, Moment moments) {
  std::vector<std::uint32_t> returned(slot(moments) + 1, 0);
  for (const Zone& zone : zones)
    ++returned[slot(zone.first_return) + 1];
  for (std::size_t i = 1; i < returned.size(); ++i)
    returned[i] += returned[i - 1];
  WriteOrderProblem problem;
  problem.after.reserve(zones.size());
  problem.reach.reserve(zones.size());
  for (const Zone& zone : zones) {  // returned[m + 1]: the zones that returned before moment m
    problem.after.push_back(returned[slot(zone.begin)]);
    problem.reach.push_back(returned[slot(zone.last_invocation)]);
  }
  return problem;
}

std::optional<std::uint32_t> k_of_order(const WriteOrderProblem& problem, const Order& order) {
  const std::uint32_t size = problem.size();
  std::vector<std::uint32_t> place(size);
  std::uint32_t after_max = 0;
  for (std::uint32_t p = 0; p < size; ++p) {
    place[order[p]] = p;
    after_max = std::max(after_max, problem.after[order[p]]);
    if (order[p] < after_max) return std::nullopt;
  }
  std::vector<std::uint32_t> last_place(std::size_t{size} + 1, 0);  // of the zones before the i-th
  for (std::uint32_t i = 0; i < size; ++i)
    last_place[i + 1] = std::max(last_place[i], place[i]);
  std::uint32_t k = 1;
  for (std::uint32_t i = 0; i < size; ++i) {
    const std::uint32_t last = last_place[problem.reach[i]];
    if (last > place[i]) k = std::max(k, last - place[i] + 1);
  }
  return k;
}

bool is_two_atomic(const WriteOrderProblem& problem) {
  return TwoAtomic(problem).run();
}

std::uint32_t k_upper_bound(const WriteOrderProblem& problem, std::uint32_t least) {
  std::uint32_t best = problem.size() + 1;
  for (const bool by_first_return : {false, true}) {
    Orders orders(problem);
    best = std::min(best, orders.base(by_first_return));
    std::uint32_t low = std::max(least, 2u);  // no order tried for less than this achieved it
    for (std::uint32_t k = low, tries = 0; low < best && tries < 8; ++tries) {
      const std::uint32_t achieved = orders.delayed(k);
      best = std::min(best, achieved);
      if (achieved > k) low = k + 1;
      k = low + (best - std::min(low, best)) / 2;
    }
    if (best <= least) break;
  }
  return best;
}

}  // namespace gauntlet::staleness
