// Puts the wall clock of a whole machine off, and back by a reference that was saved before.
//
// The reference is how far the wall clock was ahead of the clock that counts from boot, which no
// step changes. It is in the journal before the first step, with the kernel's state and the time
// daemons that ran and are stopped meanwhile, so that any process can restore it on the same boot.
// After a reboot that clock has begun anew: then the controller's is the only reference left.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "nemesis/agent/clock_shape.hpp"
#include "nemesis/agent/module.hpp"
#include "nemesis/agent/time_daemons.hpp"
#include "nemesis/agent/wall_clock.hpp"

namespace gauntlet::agent {

/// Injections add up. Thread-safe but for `restore`, which is called by one thread at a time.
class MachineTime {
 public:
  /// Not owned. `boot`: what tells this boot from others.
  MachineTime(WallClock& clock, TimeDaemons& daemons, std::string boot)
      : clock_(clock), daemons_(daemons), boot_(std::move(boot)) {}
  ~MachineTime() { end_thread(); }
  MachineTime(const MachineTime&) = delete;
  MachineTime& operator=(const MachineTime&) = delete;

  /// Begins or replaces an injection.
  Reply put(const std::string& name, const ClockShape& shape);
  /// Ends it; with the last one all is restored.
  Reply take(const std::string& name);
  /// Undoes what this process or another has in place.
  Reply restore();
  /// By how much the clock is off, read back; 0 where nothing is in place.
  std::int64_t offset_ns() const;
  bool is_off() const;
  /// What the journal says is in place; "" for nothing.
  static std::string residue();

 private:
  /// What the clock was before.
  struct Reference {
    std::string boot;
    std::int64_t ahead_ns = 0;
    std::string discipline;
    std::vector<std::string> daemons;

    std::vector<std::string> lines() const;
    static std::optional<Reference> from_journal();
  };

  std::string begin();
  std::string set_ahead(std::int64_t ahead_ns);
  std::string apply(ClockShape::Monotonic::time_point now);
  void keep();
  void end_thread();

  WallClock& clock_;
  TimeDaemons& daemons_;
  const std::string boot_;
  mutable std::mutex mutex_;  ///< of all below but the thread
  std::condition_variable changed_;
  std::map<std::string, ClockShape> injections_;
  std::optional<Reference> reference_;  ///< while this process has the clock off
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace gauntlet::agent
