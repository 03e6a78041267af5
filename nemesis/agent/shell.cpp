#include "nemesis/agent/shell.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace gauntlet::agent {

ShellOutput run_shell(const std::string& script) {
  using Clock = std::chrono::steady_clock;  // the wall clock may jump meanwhile, by our own doing
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    dup2(ends[1], STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", script.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  close(ends[1]);
  ShellOutput output;
  bool ended = false;
  const auto until = Clock::now() + std::chrono::seconds(10);
  while (child > 0 && !ended && Clock::now() < until) {
    pollfd polled{ends[0], POLLIN, 0};
    if (poll(&polled, 1, 1000) <= 0) continue;
    char buffer[4096];
    const ssize_t size = read(ends[0], buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    ended = size <= 0;
    if (!ended) output.text.append(buffer, static_cast<std::size_t>(size));
  }
  close(ends[0]);
  if (child > 0) {
    // Seen, not reaped, so that its number still means its group when that is ended.
    siginfo_t exit{};
    while (ended && exit.si_pid != child && Clock::now() < until) {
      waitid(P_PID, static_cast<id_t>(child), &exit, WEXITED | WNOWAIT | WNOHANG);
      if (exit.si_pid != child) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    kill(-child, SIGKILL);
    waitpid(child, nullptr, 0);
    output.succeeded = exit.si_pid == child && exit.si_code == CLD_EXITED && exit.si_status == 0;
  }
  return output;
}

}  // namespace gauntlet::agent
