// Choosing among several offers: the one that is due first.
#pragma once

#include <algorithm>

#include "harness/generator/generator.hpp"

namespace gauntlet::gen {

/// Collects offers; keeps the best. An operation that is due now cannot be beaten, so the search
/// may stop there: those who try their parts in a rotating order stay fair.
class Soonest {
 public:
  explicit Soonest(Nanos now) : now_(now) {}

  /// Returns whether the search may stop.
  bool consider(Offer&& offer, std::size_t part) {
    if (offer.kind == Offer::Kind::exhausted) return false;
    if (offer.kind == Offer::Kind::operation) {
      if (best_.kind != Offer::Kind::operation || offer.time_ns < best_.time_ns) {
        best_ = std::move(offer);
        part_ = part;
      }
      return best_.time_ns <= now_;
    }
    pending_ns_ = std::min(pending_ns_, offer.time_ns);
    pending_ = true;
    return false;
  }

  /// The answer; `part()` is who gave it, if it is an operation.
  Offer take() {
    if (best_.kind == Offer::Kind::operation) {
      // A part that says "ask again at t" may have something by then.
      if (pending_ && pending_ns_ < best_.time_ns) return Offer::pending_until(pending_ns_);
      return std::move(best_);
    }
    return pending_ ? Offer::pending_until(pending_ns_) : Offer::exhausted();
  }
  std::size_t part() const { return part_; }

 private:
  Nanos now_;
  Offer best_;
  std::size_t part_ = 0;
  bool pending_ = false;
  Nanos pending_ns_ = Offer::after_next_event;
};

}  // namespace gauntlet::gen
