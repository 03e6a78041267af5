// Waiting for a word in memory to change, with a deadline: Linux futexes (futex(2)).
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <ctime>
#include <limits>

#include "base/clock.hpp"

namespace gauntlet {

using FutexWord = std::atomic<std::uint32_t>;
static_assert(sizeof(FutexWord) == 4 && FutexWord::is_always_lock_free);

/// Sleeps while the word is `value`, at most until `at_ns` on the monotonic clock (max: for ever).
/// May return early; look at the word again.
inline void futex_wait(FutexWord& word, std::uint32_t value,
                       Nanos at_ns = std::numeric_limits<Nanos>::max()) {
  timespec at{};
  const bool timed = at_ns != std::numeric_limits<Nanos>::max();
  if (timed) {
    if (at_ns < 0) at_ns = 0;
    at.tv_sec = at_ns / nanos_per_second;
    at.tv_nsec = at_ns % nanos_per_second;
  }
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word),
          FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, value, timed ? &at : nullptr, nullptr,
          FUTEX_BITSET_MATCH_ANY);
}

/// Wakes one that waits for the word, which must outlive the call.
inline void futex_wake(FutexWord& word) {
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
}

/// Tells the processor (and, on virtual machines, the host) that this is a spin.
inline void spin_pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace gauntlet
