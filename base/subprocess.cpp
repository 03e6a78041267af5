#include "base/subprocess.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/assert.hpp"
#include "base/descriptor.hpp"
#include "base/duration.hpp"

extern char** environ;

namespace gauntlet {
namespace {

constexpr std::chrono::seconds term_grace{2};
constexpr std::chrono::seconds kill_grace{5};
constexpr std::chrono::milliseconds stop_poll{50};
constexpr std::chrono::milliseconds end_poll{10};  ///< where there is no pidfd to wait for

Error system_failure(std::string_view what) {
  return failure(ErrorKind::resource, fmt::format("{}: {}", what, std::strerror(errno)));
}

/// Both ends are closed on exec and above the standard descriptors, so that putting them in place
/// in the child never overwrites one that is still needed.
Result<std::pair<Descriptor, Descriptor>> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return system_failure("cannot make a pipe");
  Descriptor read_end(ends[0]), write_end(ends[1]);
  for (Descriptor* end : {&read_end, &write_end}) {
    if (end->get() > STDERR_FILENO) continue;
    *end = Descriptor(fcntl(end->get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!end->open()) return system_failure("cannot move a pipe");
  }
  return std::pair(std::move(read_end), std::move(write_end));
}

/// While it lives, writing to a pipe that nobody reads fails with EPIPE instead of raising SIGPIPE,
/// in this thread only.
class SigpipeBlocked {
 public:
  SigpipeBlocked() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeBlocked() {
    const timespec now{0, 0};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &now);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeBlocked(const SigpipeBlocked&) = delete;
  SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;

 private:
  sigset_t pipe_, before_;
  bool was_pending_;
};

/// Becomes another program that is signalled when we die, which posix_spawn cannot ask for.
constexpr const char* setpriv = "/usr/bin/setpriv";
constexpr std::string_view setpriv_refusal = "setpriv: failed to execute ";

/// What posix_spawn needs beside the program: descriptors, group, signals as at a program's start.
class SpawnSettings {
 public:
  SpawnSettings(int input, int output, int error_output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, error_output, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

/// One end of a child's stdout or stderr, and what came through it.
struct Stream {
  Descriptor end;
  std::string* text = nullptr;

  /// Takes what is there, but at most about 1 MiB, which is the most that a pipe holds; closes
  /// itself at the end of the stream.
  void take(std::size_t bytes_max, bool& truncated) {
    std::array<char, 65536> buffer;
    for (int piece = 0; piece < 17 && end.open(); ++piece) {
      const ssize_t n = read(end.get(), buffer.data(), buffer.size());
      if (n > 0) {
        const std::size_t room = bytes_max - text->size();
        truncated = truncated || static_cast<std::size_t>(n) > room;
        text->append(buffer.data(), std::min(static_cast<std::size_t>(n), room));
      } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        end.close();
      } else if (errno == EAGAIN) {
        return;
      }
    }
  }
};

/// A child from its start to its reaping. Until it is reaped its pid, and so its group, can be no
/// other process's.
class Child {
 public:
  static Result<Child> start(const LocalProgram& process) {
    auto in = make_pipe();
    if (!in) return in.error();
    auto out = make_pipe();
    if (!out) return out.error();
    auto err = make_pipe();
    if (!err) return err.error();

    std::vector<char*> argv;
    const auto add = [&](std::string_view word) { argv.push_back(const_cast<char*>(word.data())); };
    if (process.dies_with_us && ::access(setpriv, X_OK) == 0) {
      for (const char* word : {setpriv, "--pdeathsig", "KILL"})
        add(word);
    }
    for (const std::string& argument : process.argv)
      add(argument);
    argv.push_back(nullptr);

    const SpawnSettings settings(in->first.get(), out->second.get(), err->second.get());
    Child child;
    errno = posix_spawnp(&child.pid_, argv[0], settings.actions(), settings.attributes(),
                         argv.data(), environ);
    if (errno != 0) return system_failure("cannot start '" + process.argv[0] + "'");
    child.ended_ = Descriptor(static_cast<int>(syscall(SYS_pidfd_open, child.pid_, 0)));
    child.input_ = std::move(in->second);
    child.streams_[0].end = std::move(out->first);
    child.streams_[1].end = std::move(err->first);
    for (const Descriptor* end : {&child.input_, &child.streams_[0].end, &child.streams_[1].end})
      fcntl(end->get(), F_SETFL, O_NONBLOCK);
    return child;
  }

  void signal(int number) const { kill(-pid_, number); }

  /// Feeds and reads the child until `deadline`, or until it has ended, which is what it answers.
  bool attend(const LocalProgram& process, std::size_t& fed, ProcessResult& result,
              Deadline deadline) {
    using std::chrono::milliseconds;
    if (fed == process.input.size()) input_.close();
    streams_[0].text = &result.output;
    streams_[1].text = &result.error_output;
    std::array<pollfd, 4> polled{{{ended_.get(), POLLIN, 0},
                                  {input_.get(), POLLOUT, 0},
                                  {streams_[0].end.get(), POLLIN, 0},
                                  {streams_[1].end.get(), POLLIN, 0}}};
    const auto left = std::chrono::ceil<milliseconds>(deadline.left());
    const milliseconds wait_max = ended_.open() ? milliseconds(60'000) : end_poll;
    poll(polled.data(), polled.size(), static_cast<int>(std::min(left, wait_max).count()));
    if (polled[1].revents != 0) feed(process.input, fed);
    // In this order: what it wrote before it ended is in the pipes, and is taken.
    const bool ended = has_ended();
    for (Stream& stream : streams_)
      stream.take(process.output_bytes_max, result.truncated);
    return ended;
  }

  void reap(ProcessResult& result) const {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0)
      GAUNTLET_ASSERT(errno == EINTR);
    if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) {
      const char* name = sigabbrev_np(WTERMSIG(status));
      result.signal = name != nullptr ? name : std::to_string(WTERMSIG(status));
    }
  }

 private:
  bool has_ended() const {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid_;
  }

  void feed(const std::string& input, std::size_t& fed) {
    const SigpipeBlocked guard;
    const ssize_t n = write(input_.get(), input.data() + fed, input.size() - fed);
    if (n > 0) fed += static_cast<std::size_t>(n);
    // A program may end or close its input without having read it all.
    if (n < 0 && errno != EAGAIN && errno != EINTR) fed = input.size();
  }

  pid_t pid_ = -1;
  Descriptor ended_;  ///< a pidfd, readable once the process has ended; none in some sandboxes
  Descriptor input_;
  std::array<Stream, 2> streams_;
};

}  // namespace

Result<ProcessResult> run_process(const LocalProgram& process) {
  GAUNTLET_ASSERT(!process.argv.empty());
  const Nanos start = monotonic_now();
  const auto stopped = [&] {
    return process.stop != nullptr && process.stop->load(std::memory_order_relaxed);
  };
  auto child = Child::start(process);
  if (!child) return child.error();

  ProcessResult result;
  std::size_t fed = 0;
  const Deadline deadline = Deadline::after(process.timeout);
  bool ended = false;
  while (!ended && !deadline.passed() && !stopped()) {
    const Deadline turn = process.stop != nullptr ? deadline.capped(stop_poll) : deadline;
    ended = child->attend(process, fed, result, turn);
  }
  const bool in_time = ended;
  for (const auto& [number, grace] :
       {std::pair(SIGTERM, term_grace), std::pair(SIGKILL, kill_grace)}) {
    if (ended) break;
    child->signal(number);
    const Deadline until = Deadline::after(grace);
    while (!ended && !until.passed())
      ended = child->attend(process, fed, result, until);
  }
  // What it started and what outlived its SIGTERM; its group keeps its number until it is reaped.
  if (!in_time) child->signal(SIGKILL);
  if (ended) child->reap(result);
  result.duration_ns = monotonic_now() - start;
  if (process.dies_with_us && result.error_output.starts_with(setpriv_refusal))
    return failure(ErrorKind::resource, "cannot start '" + process.argv[0] + "'");
  if (in_time) return result;
  if (stopped()) {
    return failure(ErrorKind::interrupted, "'" + process.argv[0] + "' was stopped before its end");
  }
  return failure(ErrorKind::timeout, fmt::format("'{}' did not end within {}{}", process.argv[0],
                                                 format_duration(Nanos{process.timeout.count()} *
                                                                 nanos_per_millisecond),
                                                 ended ? "" : ", and SIGKILL does not end it"));
}

}  // namespace gauntlet
