// The wall clock of this machine, and how its kernel disciplines it.
#pragma once

#include <cstdint>
#include <string>

namespace gauntlet::agent {

/// An interface, so that a test needs no machine whose time it may change.
class WallClock {
 public:
  virtual ~WallClock() = default;
  /// How far it is ahead of the clock that counts from the machine's boot and never jumps. That one
  /// is slewed with it, so only a step changes the difference.
  virtual std::int64_t ahead_ns() const = 0;
  /// Since the boot.
  virtual std::int64_t boot_ns() const = 0;
  /// Steps it by so much, to the microsecond. "" or why it cannot.
  virtual std::string step(std::int64_t ns) = 0;
  /// The kernel's state as words for a journal: a step makes it forget that it was synchronized.
  virtual std::string discipline() const = 0;
  virtual std::string set_discipline(const std::string& words) = 0;
};

/// The kernel's.
WallClock& machine_wall_clock();

}  // namespace gauntlet::agent
