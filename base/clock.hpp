// Time: nanoseconds on the monotonic clock, and deadlines.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace gauntlet {

/// Nanoseconds; a duration or a time since the run's start, as the name of the variable says.
using Nanos = std::int64_t;

inline constexpr Nanos nanos_per_second = 1'000'000'000;
inline constexpr Nanos nanos_per_millisecond = 1'000'000;
inline constexpr Nanos nanos_per_microsecond = 1'000;

/// The controller's monotonic clock, in ns since an arbitrary origin.
inline Nanos monotonic_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// A moment on the monotonic clock by which something must have ended. Cheap to copy; pass it down
/// so that a chain of calls shares one bound.
class Deadline {
 public:
  static Deadline after(std::chrono::nanoseconds duration) {
    return Deadline(monotonic_now() + duration.count());
  }
  /// At a time of `monotonic_now`.
  static Deadline until(Nanos at) { return Deadline(at); }
  static Deadline never() { return Deadline(std::numeric_limits<Nanos>::max()); }

  bool passed() const { return monotonic_now() >= at_; }
  Nanos at() const { return at_; }

  /// Time that is left, never negative.
  std::chrono::nanoseconds left() const {
    if (at_ == std::numeric_limits<Nanos>::max()) return std::chrono::hours(24 * 365);
    const Nanos left = at_ - monotonic_now();
    return std::chrono::nanoseconds(left > 0 ? left : 0);
  }

  /// The earlier of this one and `duration` from now.
  Deadline capped(std::chrono::nanoseconds duration) const {
    const Nanos other = monotonic_now() + duration.count();
    return Deadline(other < at_ ? other : at_);
  }

 private:
  explicit Deadline(Nanos at) : at_(at) {}
  Nanos at_;
};

}  // namespace gauntlet
