// A lock that a running thread may take again past those that sleep for it.
//
// The run loop's lock is held for about a microsecond and taken by whichever worker completes an
// operation. With many workers and fast clients, handing it over in order would cost a switch
// between threads for every operation. So, much as in Go's sync.Mutex: whoever runs takes it; of
// those that sleep at most one is awake and trying at any time (`woken`), and a thread spins for a
// few microseconds before it sleeps. Sleepers are woken in order of arrival. One that wakes and has
// waited for long reserves the lock, which bars all others for the moment until it is free: so
// nobody starves, and the rest still run.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "base/clock.hpp"
#include "harness/run/futex.hpp"

namespace gauntlet {

/// Use with std::lock_guard and std::unique_lock. Not recursive.
class BargingLock {
 public:
  void lock() {
    std::uint32_t free = 0;
    if (state_.compare_exchange_strong(free, locked, std::memory_order_acquire,
                                       std::memory_order_relaxed)) {
      return;
    }
    lock_slowly();
  }

  void unlock() {
    const std::uint32_t left = state_.fetch_sub(locked, std::memory_order_release) - locked;
    if (left != 0) wake_one(left);
  }

 private:
  static constexpr std::uint32_t locked = 1;
  static constexpr std::uint32_t woken = 2;     ///< one of the waiters is awake and tries
  static constexpr std::uint32_t reserved = 4;  ///< for that one
  static constexpr std::uint32_t waiter = 8;    ///< the rest of the word counts sleepers
  static constexpr int spins_max = 100;         ///< a few microseconds
  static constexpr Nanos patience_ns = 2 * nanos_per_millisecond;

  void lock_slowly() {
    bool awake = false;  // whether `woken` stands for this thread
    bool mine = false;   // whether `reserved` does
    int spins = 0;
    Nanos since_ns = 0;
    std::uint32_t state = state_.load(std::memory_order_relaxed);
    for (;;) {
      if ((state & locked) == 0 && ((state & reserved) == 0 || mine)) {
        std::uint32_t wanted = state | locked;
        if (awake) wanted &= ~woken;
        if (mine) wanted &= ~reserved;
        if (state_.compare_exchange_weak(state, wanted, std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
          return;
        }
        continue;
      }
      if (mine || spins < spins_max) {
        // While one spins, unlocking need not wake another.
        if (!awake && (state & woken) == 0 && state >= waiter &&
            state_.compare_exchange_weak(state, state | woken, std::memory_order_relaxed)) {
          awake = true;
        }
        if (++spins % spins_max == 0) std::this_thread::yield();  // the holder may need this core
        spin_pause();
      } else if (awake && (state & reserved) == 0 && monotonic_now() - since_ns > patience_ns &&
                 since_ns != 0) {
        mine = state_.compare_exchange_weak(state, state | reserved, std::memory_order_relaxed);
      } else {
        const std::uint32_t wanted = (awake ? state & ~woken : state) + waiter;
        if (!state_.compare_exchange_weak(state, wanted, std::memory_order_relaxed)) continue;
        if (since_ns == 0) since_ns = monotonic_now();
        sleep();
        awake = true;
        spins = 0;
      }
      state = state_.load(std::memory_order_relaxed);
    }
  }

  void wake_one(std::uint32_t state) {
    while (state >= waiter && (state & (locked | woken)) == 0) {
      if (state_.compare_exchange_weak(state, (state - waiter) | woken,
                                       std::memory_order_relaxed)) {
        permits_.fetch_add(1, std::memory_order_release);
        futex_wake(permits_);
        return;
      }
    }
  }

  void sleep() {
    for (;;) {
      std::uint32_t permits = permits_.load(std::memory_order_relaxed);
      while (permits > 0) {
        if (permits_.compare_exchange_weak(permits, permits - 1, std::memory_order_acquire)) return;
      }
      futex_wait(permits_, 0);
    }
  }

  std::atomic<std::uint32_t> state_{0};
  FutexWord permits_{0};  ///< sleepers that were told to try again and have not yet
};

}  // namespace gauntlet
