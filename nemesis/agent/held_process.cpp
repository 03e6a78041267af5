#include "nemesis/agent/held_process.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <sstream>
#include <utility>

#include "base/integer.hpp"
#include "nemesis/agent/node_processes.hpp"

namespace gauntlet::agent {

std::optional<HeldProcess> HeldProcess::hold(pid_t pid) {
  if (pid <= 1) return std::nullopt;
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (descriptor < 0) return std::nullopt;
  // What is read now is of the process that is held, or of none.
  HeldProcess held(pid, 0, descriptor);
  const auto ticks = start_ticks_of(pid);
  if (!ticks || !held.send(0)) return std::nullopt;
  held.ticks_ = *ticks;
  return held;
}

std::optional<HeldProcess> HeldProcess::from_text(const std::string& text) {
  std::istringstream words(text);
  std::string number, ticks;
  words >> number >> ticks;
  const auto pid = integer_from(number);
  if (!pid || *pid <= 1 || *pid > INT_MAX) return std::nullopt;
  auto held = hold(static_cast<pid_t>(*pid));
  if (!held || integer_from(ticks) != held->ticks_) return std::nullopt;
  return held;
}

HeldProcess::HeldProcess(HeldProcess&& other) noexcept
    : pid_(other.pid_), ticks_(other.ticks_), descriptor_(std::exchange(other.descriptor_, -1)) {}

HeldProcess& HeldProcess::operator=(HeldProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(ticks_, other.ticks_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

HeldProcess::~HeldProcess() {
  if (descriptor_ >= 0) close(descriptor_);
}

char HeldProcess::state() const {
  return start_ticks_of(pid_) == ticks_ ? state_of(pid_) : '-';
}

bool HeldProcess::send(int signal) const {
  return syscall(SYS_pidfd_send_signal, descriptor_, signal, nullptr, 0) == 0;
}

std::string HeldProcess::text() const {
  return std::to_string(pid_) + " " + std::to_string(ticks_);
}

}  // namespace gauntlet::agent
