// How much time and memory an analysis may use, and who may stop it.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>

#include "base/clock.hpp"

namespace gauntlet {

/// Limits that every search honours inside its inner loop. Copyable; what it points to, if
/// anything, is owned by the caller and outlives the search. All members may be read from any
/// thread.
struct Budget {
  Deadline deadline = Deadline::never();
  std::size_t memory_bytes_max = 0;         ///< 0: no limit
  std::size_t steps_max = 0;                ///< of one search, as it counts them; 0: no limit
  const std::atomic<bool>* stop = nullptr;  ///< set by another thread or a signal handler
  const std::atomic<bool>* overtaken = nullptr;  ///< set when a competitor has the answer
  /// Threads that may be started now besides the caller's: who starts one takes it from here and
  /// gives it back. nullptr: none.
  std::atomic<int>* spare_threads = nullptr;

  bool stopped() const { return is_set(stop) || is_set(overtaken); }

 private:
  static bool is_set(const std::atomic<bool>* flag) {
    return flag != nullptr && flag->load(std::memory_order_relaxed);
  }
};

}  // namespace gauntlet
