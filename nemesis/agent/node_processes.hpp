// Processes on this node: a daemon by its pidfile, and whom it begot.
#pragma once

#include <sys/types.h>

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
/// All on this node, that is, in this PID namespace.
std::vector<pid_t> all_processes();

}  // namespace gauntlet::agent
