#include "cli/signals.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
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

void on_signal(int signal) {
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
