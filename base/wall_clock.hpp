// The time of day, for comparison with other machines; durations are measured by base/clock.hpp.
#pragma once

#include "base/clock.hpp"

namespace gauntlet {

/// This machine's wall clock, in ns since the Unix epoch. It may jump.
inline Nanos wall_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace gauntlet
