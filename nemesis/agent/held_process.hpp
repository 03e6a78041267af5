// A process that is told for certain from a later one that bears its number.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace gauntlet::agent {

/// Owns a descriptor of the process, through which signals reach it and nobody else.
class HeldProcess {
 public:
  /// nullopt if there is none of that number, or it cannot be held.
  static std::optional<HeldProcess> hold(pid_t pid);
  /// The process of which `text` was written, maybe by another agent; nullopt if it is gone.
  static std::optional<HeldProcess> from_text(const std::string& text);

  HeldProcess(HeldProcess&& other) noexcept;
  HeldProcess& operator=(HeldProcess&& other) noexcept;
  ~HeldProcess();

  pid_t pid() const { return pid_; }
  /// As in /proc/PID/stat; '-' if it is gone.
  char state() const;
  bool is_stopped() const { return state() == 'T'; }
  /// Whether it was there to be sent to.
  bool send(int signal) const;
  /// "PID TICKS", for a journal.
  std::string text() const;

 private:
  HeldProcess(pid_t pid, std::int64_t ticks, int descriptor)
      : pid_(pid), ticks_(ticks), descriptor_(descriptor) {}

  pid_t pid_;
  std::int64_t ticks_;
  int descriptor_;
};

}  // namespace gauntlet::agent
