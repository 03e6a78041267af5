// The time axis of a history, whatever its file offers: seconds since the run's start, times of
// some other clock, or no times at all.
#pragma once

#include <string>

#include "history/history.hpp"

namespace gauntlet {

/// Where a history has times, they are shifted so that they start near 0; where it has none, the
/// position of an event stands for its time, so that the order can be drawn all the same.
class Timebase {
 public:
  explicit Timebase(const History& history);

  /// In ns, or in events where the history has no times; bounded, so that differences fit.
  Nanos at(EventIndex event) const;
  /// The time at which the invocation's operation ended, never before it began; `end()` if never.
  Nanos completed(EventIndex invocation) const;
  Nanos end() const { return end_; }  ///< the last moment of the history
  bool has_times() const { return has_times_; }

  std::string moment(Nanos at) const;      ///< "12.340184 s", or "event 12"
  std::string duration(Nanos span) const;  ///< "45 ms", or "12 events"

 private:
  const History& history_;
  bool has_times_;
  Nanos origin_ = 0;
  Nanos end_ = 0;
};

}  // namespace gauntlet
