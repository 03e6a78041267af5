#include "cli/signals.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string_view>

namespace gauntlet {

namespace {

std::atomic<bool> stop_flag{false};
std::atomic<bool> abort_flag{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void say(std::string_view text) {
  const auto ignored = ::write(STDERR_FILENO, text.data(), text.size());
  (void)ignored;
}

/// Signals closer together than this are one wish: `timeout`, shells and supervisors signal the
/// process and then its whole group, and a key that is held down repeats.
constexpr std::int64_t same_wish_ns = 250'000'000;
std::atomic<std::int64_t> last_signal_ns{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

/// Monotonic; clock_gettime is safe in a signal handler.
std::int64_t signal_clock_ns() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void on_signal(int signal) {
  const auto now = signal_clock_ns();
  if (stop_flag.load() && now - last_signal_ns.load() < same_wish_ns) {
    return;
  }
  last_signal_ns.store(now);
  if (!stop_flag.exchange(true)) {
    say("\ngauntlet: stopping: faults are healed and logs fetched first (again: skip the "
        "analysis)\n");
  } else if (!abort_flag.exchange(true)) {
    say("\ngauntlet: the analysis is skipped; once more ends at once (then run gauntlet heal)\n");
  } else {
    ::_exit(128 + signal);
  }
}

}  // namespace

const std::atomic<bool>& stop_requested() {
  return stop_flag;
}
const std::atomic<bool>& abort_requested() {
  return abort_flag;
}

void install_signal_handlers() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace gauntlet
