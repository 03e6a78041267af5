// Processes on this node: a daemon by its pidfile, and whom it begot.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gauntlet::agent {

/// How the controller names a daemon: see ProcessIdentity.
struct DaemonName {
  std::string pid_file;
  std::string executable;
};

/// The daemon and all its descendants, if it runs: its pid, start time, boot and executable agree
/// with the pidfile. Empty if not.
std::vector<pid_t> processes_of(const DaemonName& daemon);
/// A process, first, and all whom it begot.
std::vector<pid_t> with_descendants(pid_t first);
/// Its state as in /proc/PID/stat: 'R', 'S', 'T' (stopped), ...; '-' if it is gone or a zombie.
char state_of(pid_t pid);
/// Whether it was sent a SIGSTOP that it has not acted upon: of a process that is stopped, whether
/// another one came meanwhile.
bool has_pending_stop(pid_t pid);
/// When it was started, in clock ticks since the machine's boot: with the number it names a
/// process for good. nullopt if it is gone.
std::optional<std::int64_t> start_ticks_of(pid_t pid);
/// The CPU time that it has used, user and system, in ns; 0 if it is gone.
std::int64_t cpu_ns_of(pid_t pid);
/// All on this node, that is, in this PID namespace.
std::vector<pid_t> all_processes();

}  // namespace gauntlet::agent
