// A process that stands still while its code is changed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gauntlet::agent {

/// Addresses [begin, end).
struct CodeRange {
  std::uint64_t begin = 0, end = 0;
};

/// Stops all threads of a process by ptrace, none of them within the ranges: those that are there
/// go on step by step until they are out. Signals that came meanwhile are delivered when this
/// object is destroyed, and the threads go on. Used by one thread, for as short as possible.
class StoppedProcess {
 public:
  StoppedProcess(pid_t pid, const std::vector<CodeRange>& ranges);
  ~StoppedProcess();
  StoppedProcess(const StoppedProcess&) = delete;
  StoppedProcess& operator=(const StoppedProcess&) = delete;

  /// "" if it stands still, else why not.
  const std::string& why_not() const { return why_not_; }

 private:
  bool stop_all();
  bool stop(pid_t thread);
  bool step_out(pid_t thread, const std::vector<CodeRange>& ranges);

  const pid_t pid_;
  std::map<pid_t, std::vector<int>> threads_;  ///< with the signals to deliver
  std::string why_not_;
};

}  // namespace gauntlet::agent
