// Programs that keep a machine's clock right, and would undo a fault on it.
#pragma once

#include <string>
#include <vector>

namespace gauntlet::agent {

/// An interface, so that a test stops none. A daemon is a line for a journal.
class TimeDaemons {
 public:
  virtual ~TimeDaemons() = default;
  virtual std::vector<std::string> running() const = 0;
  /// "" or why it cannot. Idempotent, from whichever process.
  virtual std::string stop(const std::string& daemon) = 0;
  virtual std::string start(const std::string& daemon) = 0;
};

/// Those of this machine: "unit NAME" is a service of systemd, which would restart one that stands
/// still for long; "process PID TICKS" is stopped by a signal.
TimeDaemons& machine_time_daemons();

}  // namespace gauntlet::agent
