// The code that takes the place of a process's own in its vDSO, so that its wall clock is off by an
// offset: for clock_gettime, gettimeofday and time. x86-64 only.
//
// It asks the kernel by a system call and adds the offset to the clocks that tell the time of day
// (CLOCK_REALTIME, its coarse form and CLOCK_TAI); monotonic clocks are as they are. The offset is
// its last eight bytes, aligned, so that changing it is one write that no reader sees by halves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace gauntlet::agent {

struct ClockStub {
  std::string code;              ///< with an offset of 0 at its end
  std::size_t gettimeofday = 0;  ///< where in it this entry is; clock_gettime is at 0
  std::size_t time = 0;

  std::size_t offset_at() const { return code.size() - sizeof(std::int64_t); }
};

/// Empty where there is none for this processor.
const ClockStub& clock_stub();

}  // namespace gauntlet::agent
