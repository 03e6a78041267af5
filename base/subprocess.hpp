// Local programs: started without a shell, fed, read, bounded, and ended by their deadline.
//
// The only place that starts processes. By posix_spawn and not by Boost.Process: spawning neither
// forks a program that has threads nor lets a descriptor leak into the child (closefrom), which
// Boost.Process v2 does unless each call prevents it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace gauntlet {

struct LocalProgram {
  std::vector<std::string> argv;  ///< argv[0] is looked up in PATH if it has no slash
  std::string input;              ///< standard input
  std::chrono::milliseconds timeout{30'000};
  std::size_t output_bytes_max = 1 << 20;   ///< a stream; what comes beyond it is read and dropped
  const std::atomic<bool>* stop = nullptr;  ///< ends the process early; owned by the caller
  /// SIGKILL when this process dies, so that nothing is done on its behalf later; where util-linux
  /// has setpriv.
  bool dies_with_us = false;
};

struct ProcessResult {
  int exit_code = -1;  ///< -1 when a signal ended it
  std::string signal;  ///< "KILL", ...; empty otherwise
  std::string output;
  std::string error_output;
  bool truncated = false;  ///< a stream was longer than output_bytes_max
  Nanos duration_ns = 0;

  bool succeeded() const { return exit_code == 0; }
};

/// Runs a program in a process group of its own, so that a terminal's Ctrl-C does not reach it, and
/// waits for it. A non-zero exit is a result, not an error. Past its deadline, or when told to
/// stop, the group gets SIGTERM and two seconds later SIGKILL, and the error is `timeout` or
/// `interrupted`; a program that cannot be started is `resource`. What the program leaves running
/// in the background is left alone and not waited for. Thread-safe; the caller must not ignore
/// SIGCHLD.
Result<ProcessResult> run_process(const LocalProgram& process);

}  // namespace gauntlet
