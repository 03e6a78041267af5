// How much time and memory an analysis may use, and who may stop it.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>

#include "base/clock.hpp"

namespace gauntlet {

/// Limits that every search honours inside its inner loop. Copyable; the stop flag, if any, is
/// owned by the caller and outlives the search. All members may be read from any thread.
struct Budget {
  Deadline deadline = Deadline::never();
  std::size_t memory_bytes_max = 0;         ///< 0: no limit
  const std::atomic<bool>* stop = nullptr;  ///< set by another thread or a signal handler

  bool stopped() const { return stop != nullptr && stop->load(std::memory_order_relaxed); }
};

}  // namespace gauntlet
