// A process that stands still while its code is changed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

namespace gauntlet::agent {

/// Stops all threads of a process by ptrace, none of them within [begin, end): those that are there
/// go on step by step until they are out. Signals that came meanwhile are delivered when this
/// object is destroyed, and the threads go on. Used by one thread, for as short as possible.
class StoppedProcess {
 public:
  StoppedProcess(pid_t pid, std::uint64_t begin, std::uint64_t end);
  ~StoppedProcess();
  StoppedProcess(const StoppedProcess&) = delete;
  StoppedProcess& operator=(const StoppedProcess&) = delete;

  /// "" if it stands still, else why not.
  const std::string& why_not() const { return why_not_; }

 private:
  bool stop_all();
  bool stop(pid_t thread);
  bool step_out(pid_t thread, std::uint64_t begin, std::uint64_t end);

  const pid_t pid_;
  std::map<pid_t, int> threads_;  ///< with the signal to deliver; 0 for none
  std::string why_not_;
};

}  // namespace gauntlet::agent
