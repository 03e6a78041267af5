#include "nemesis/agent/stopped_process.hpp"

#include <dirent.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include "base/integer.hpp"

namespace gauntlet::agent {

namespace {

using Clock = std::chrono::steady_clock;

/// A thread that sleeps in the kernel without being woken (state D) does not stop.
constexpr std::chrono::milliseconds stop_max{1000};
constexpr int rounds_max = 50;
constexpr int steps_max = 100'000;

std::vector<pid_t> threads_of(pid_t pid) {
  std::vector<pid_t> threads;
  DIR* const folder = opendir(("/proc/" + std::to_string(pid) + "/task").c_str());
  if (folder == nullptr) return threads;
  while (const dirent* const entry = readdir(folder)) {
    if (const auto thread = integer_from(entry->d_name)) {
      threads.push_back(static_cast<pid_t>(*thread));
    }
  }
  closedir(folder);
  return threads;
}

/// Waits for a stop of the thread: 1 if it has stopped, 0 if it is gone, -1 if it takes too long.
int await_stop(pid_t thread, int& status) {
  constexpr int impatient_looks = 2000;
  const auto deadline = Clock::now() + stop_max;
  int looks = 0;
  while (true) {
    const pid_t got = waitpid(thread, &status, __WALL | WNOHANG);
    if (got == thread) return WIFSTOPPED(status) ? 1 : 0;
    if (got < 0 && errno != EINTR) return 0;
    if (Clock::now() >= deadline) return -1;
    if (++looks < impatient_looks) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }
}

/// The signal that a stopped thread was about to be given; 0 where we stopped it.
int signal_of(int status) {
  const bool is_event = (status >> 16) != 0;
  return is_event ? 0 : WSTOPSIG(status);
}

}  // namespace

StoppedProcess::StoppedProcess(pid_t pid, const std::vector<CodeRange>& ranges) : pid_(pid) {
  if (!stop_all()) return;
  for (const auto& [thread, signals] : std::map(threads_)) {
    if (!step_out(thread, ranges)) return;
  }
}

/// Of several signals the first is delivered by going on, the others are sent again.
StoppedProcess::~StoppedProcess() {
  for (const auto& [thread, signals] : threads_) {
    const long first = signals.empty() ? 0 : signals.front();
    ptrace(PTRACE_DETACH, thread, nullptr, reinterpret_cast<void*>(first));
    for (std::size_t i = 1; i < signals.size(); ++i)
      syscall(SYS_tgkill, pid_, thread, signals[i]);
  }
}

/// Threads that are not stopped yet may start others; so until there are no new ones.
bool StoppedProcess::stop_all() {
  for (int round = 0; round < rounds_max; ++round) {
    bool any = false;
    for (const pid_t thread : threads_of(pid_)) {
      if (threads_.contains(thread)) continue;
      any = true;
      if (!stop(thread)) return false;
    }
    if (!any) {
      if (threads_.empty()) why_not_ = "it is gone";
      return !threads_.empty();
    }
  }
  why_not_ = "it starts threads faster than they can be stopped";
  return false;
}

bool StoppedProcess::stop(pid_t thread) {
  if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) {
    if (errno == ESRCH) return true;  // it ended
    why_not_ = std::string("it cannot be traced: ") + std::strerror(errno);
    return false;
  }
  auto& signals = threads_[thread];
  ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
  int status = 0;
  const int stopped = await_stop(thread, status);
  if (stopped == 1 && signal_of(status) != 0) signals.push_back(signal_of(status));
  if (stopped == 0) threads_.erase(thread);
  if (stopped < 0) why_not_ = "a thread of it does not stop";
  return stopped >= 0;
}

bool StoppedProcess::step_out(pid_t thread, const std::vector<CodeRange>& ranges) {
  for (int step = 0; step < steps_max; ++step) {
    user_regs_struct registers{};
    if (ptrace(PTRACE_GETREGS, thread, nullptr, &registers) != 0) {
      threads_.erase(thread);
      return true;
    }
    const bool is_out = std::none_of(ranges.begin(), ranges.end(), [&](const CodeRange& range) {
      return registers.rip >= range.begin && registers.rip < range.end;
    });
    if (is_out) return true;
    if (ptrace(PTRACE_SINGLESTEP, thread, nullptr, nullptr) != 0) return true;
    int status = 0;
    const int stopped = await_stop(thread, status);
    if (stopped == 0) threads_.erase(thread);
    if (stopped == 0) return true;
    if (stopped < 0) break;
    const int signal = signal_of(status);
    if (signal != 0 && signal != SIGTRAP) threads_[thread].push_back(signal);
  }
  why_not_ = "a thread of it does not leave the code that is to be changed";
  return false;
}

}  // namespace gauntlet::agent
