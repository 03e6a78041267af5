// Processes of a database on a node: started detached, found again for certain, ended.
//
// A pid alone says little: it is reused after the process has died, after a container has been
// restarted, after a reboot. So a daemon writes its pid, its start time and the boot's id to a
// pidfile before it becomes the program, and is touched only while all of these and /proc/PID/exe
// agree. What does not agree is "not running", never a process to signal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "harness/control/node.hpp"

namespace gauntlet {

/// How a process of a database is recognized on a node.
struct ProcessIdentity {
  std::string pid_file;    ///< absolute path on the node, as written by start_daemon
  std::string executable;  ///< absolute path of the program, as in /proc/PID/exe
  /// Whether its children that run the same program belong to it: they are killed with it and told
  /// by its status.
  bool with_children = false;
};

/// What to start. All paths are absolute paths on the node; their folders are made if absent.
struct Daemon {
  ProcessIdentity identity;
  std::vector<std::string> arguments;    ///< without the program itself
  std::vector<std::string> environment;  ///< "NAME=value"; nothing else but a PATH is passed on
  std::string log_file;                  ///< standard output and error are appended to it
  std::string user;                      ///< whom it runs as; empty: root
};

struct ChildProcess {
  std::int64_t pid = 0;
  std::uint64_t start_ticks = 0;  ///< as of the daemon
};

struct DaemonStatus {
  bool running = false;  ///< the rest is meaningful only if so
  std::int64_t pid = 0;
  std::uint64_t start_ticks = 0;       ///< clock ticks since the machine's boot: field 22 of stat
  char state = '?';                    ///< as in /proc/PID/stat: 'R', 'S', 'D', 'T' (stopped), ...
  std::vector<ChildProcess> children;  ///< if the identity asks for them
};

/// All run as root, are idempotent, and are safe to call from several threads; a few tens of ms
/// each on an open session.
///
/// Returns once the process runs the program, or at once if it already does; ready to serve or not.
/// A program that ends while being started is an error with its last log lines.
Result<void> start_daemon(Node& node, const Daemon& daemon);

Result<DaemonStatus> daemon_status(Node& node, const ProcessIdentity& identity);

/// SIGTERM or another signal (and SIGCONT, since a stopped process would not see it), then SIGKILL
/// if it still runs after `grace`. Returns once it is gone.
Result<void> stop_daemon(Node& node, const ProcessIdentity& identity,
                         std::chrono::seconds grace = std::chrono::seconds(10),
                         std::string_view signal = "TERM");

/// SIGKILL. Returns once it is gone.
Result<void> kill_daemon(Node& node, const ProcessIdentity& identity);

/// The last lines of a file on a node, one string, joined by " | ", for messages; empty if it
/// cannot be read.
std::string last_log_lines(Node& node, const std::string& path, int lines = 5);

}  // namespace gauntlet
