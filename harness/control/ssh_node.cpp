#include "harness/control/ssh_node.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.hpp"
#include "base/duration.hpp"
#include "harness/control/text.hpp"

namespace gauntlet {
namespace {

using std::chrono::milliseconds;

/// Between the deadline, at which `timeout` acts on the node, and giving up waiting for the result.
constexpr milliseconds end_grace{3'000};
constexpr milliseconds least_time{10};
/// Linux bounds an argument of a program, here the login shell's, to 128 KiB.
constexpr std::size_t line_bytes_max = 120'000;
/// Ends what is for sudo at the front of the input, see `command_line`.
constexpr std::string_view input_mark = "--- gauntlet: input follows ---";

double seconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / static_cast<double>(nanos_per_second);
}

/// Collects a stream up to its bound.
class Collector {
 public:
  Collector(std::string& text, std::size_t bytes_max, bool& truncated)
      : text_(text), bytes_max_(bytes_max), truncated_(truncated) {}
  void operator()(std::string_view piece) const {
    const std::size_t room = bytes_max_ - text_.size();
    truncated_ = truncated_ || piece.size() > room;
    text_.append(piece.substr(0, room));
  }

 private:
  std::string& text_;
  std::size_t bytes_max_;
  bool& truncated_;
};

/// What the login shell is given. The locale is fixed so that programs print what we can parse.
///
/// With a password, sudo reads it from the first line of the input, but only if the rules ask for
/// one. So a shell inside sudo drops what is left up to a mark; `read` takes no byte beyond a line.
std::string command_line(const Command& command, bool sudo, bool password,
                         std::chrono::nanoseconds time) {
  std::string line = "LC_ALL=C.UTF-8 exec ";
  if (sudo) line += password ? "sudo -S -p '' -- " : "sudo -n -- ";
  line += fmt::format("timeout -k 1 {:.3f} ", seconds(time));
  if (sudo && password)
    line += fmt::format(
        "/bin/sh -c {} sh ",
        shell_quote(fmt::format(R"(while IFS= read -r l && [ "$l" != {} ]; do :; done; )"
                                R"(exec "$@")",
                                shell_quote(input_mark))));
  if (command.argv.empty()) return line + "/bin/sh -c " + shell_quote(command.script);
  for (const std::string& argument : command.argv) {
    line += shell_quote(argument);
    line += ' ';
  }
  return line;
}

/// Whether `timeout` ended the command: it says so by its exit code, or dies of its own SIGKILL.
bool ended_by_timeout(const SshEnding& ending, std::chrono::nanoseconds time, Nanos elapsed_ns) {
  const bool looks_so =
      ending.exit_code == 124 || ending.exit_code == 137 || !ending.signal.empty();
  return looks_so && elapsed_ns >= time.count();
}

}  // namespace

SshNode::SshNode(SshNodeOptions options)
    : options_(std::move(options)), pool_(options_.target, options_.sessions_max) {}

Result<CommandResult> SshNode::run(const Command& command) {
  std::string output;
  bool truncated = false;
  auto result = run_streaming(command, Collector(output, command.output_bytes_max, truncated));
  if (!result) return result;
  result->output = std::move(output);
  result->truncated = result->truncated || truncated;
  return result;
}

Result<CommandResult> SshNode::run_streaming(const Command& command, const Sink& on_output) {
  GAUNTLET_ASSERT(command.argv.empty() != command.script.empty());
  const Nanos start = monotonic_now();
  CommandResult result;
  const Collector on_error_output(result.error_output, command.output_bytes_max, result.truncated);
  const auto ending =
      perform(command, on_output, on_error_output, Deadline::after(command.timeout));
  result.duration_ns = monotonic_now() - start;
  if (options_.log) {
    const std::string text = describe(command);
    const std::string error = ending ? std::string() : ending.error().what;
    options_.log->on_command({.node = options_.name,
                              .text = text,
                              .as_root = command.as_root,
                              .duration_ns = result.duration_ns,
                              .exit_code = ending ? ending->exit_code : -1,
                              .signal = ending ? std::string_view(ending->signal) : "",
                              .error = error});
  }
  if (!ending) return ending.error();
  result.exit_code = ending->exit_code;
  result.signal = ending->signal;
  return result;
}

Result<SshEnding> SshNode::perform(const Command& command, const Sink& on_output,
                                   const Sink& on_error_output, Deadline deadline) {
  const bool sudo = command.as_root && options_.target.user != "root";
  const bool password = sudo && !options_.sudo_password.empty();
  if (sudo) {
    if (auto works = check_sudo(deadline); !works) return works.error();
  }
  std::string preamble;
  if (password) preamble = fmt::format("{}\n{}\n", options_.sudo_password, input_mark);

  while (true) {
    auto lease = pool_.acquire(deadline);
    if (!lease) return lease.error();
    const auto time = std::max<std::chrono::nanoseconds>(deadline.left(), least_time);
    const std::string line = command_line(command, sudo, password, time);
    if (line.size() > line_bytes_max)
      return failure(ErrorKind::usage,
                     fmt::format("{}: a command of {} bytes is too long", name(), line.size()),
                     "pass long text as input");
    const Nanos start = monotonic_now();
    bool may_have_started = false;
    auto ending = (*lease)->execute({.line = line,
                                     .preamble = preamble,
                                     .input = command.input,
                                     .on_output = on_output,
                                     .on_error_output = on_error_output},
                                    Deadline::after(time + end_grace), may_have_started);
    const bool timed_out = ending ? ended_by_timeout(*ending, time, monotonic_now() - start)
                                  : may_have_started && ending.error().kind == ErrorKind::timeout;
    if (timed_out)
      return failure(
          ErrorKind::timeout,
          fmt::format("{}: `{}` did not end within {}{}", name(), describe(command),
                      format_duration(Nanos{command.timeout.count()} * nanos_per_millisecond),
                      ending ? " and was killed" : ", and the node does not answer"));
    if (ending || may_have_started || lease->fresh()) return ending;
    // The connection had died while it lay idle, and so, most likely, have the others.
    pool_.drop_idle();
  }
}

Result<void> SshNode::check_sudo(Deadline deadline) {
  // One at a time: many wrong passwords at once may lock the account.
  std::unique_lock lock(sudo_mutex_);
  if (!sudo_checked_.wait_for(lock, deadline.left(), [&] { return !checking_sudo_; }))
    return failure(ErrorKind::timeout, name() + ": no answer from sudo in time");
  if (sudo_works_) return {};
  checking_sudo_ = true;
  lock.unlock();
  auto result = probe_sudo(deadline);
  lock.lock();
  checking_sudo_ = false;
  sudo_works_ = result.has_value();
  sudo_checked_.notify_all();
  return result;
}

Result<void> SshNode::probe_sudo(Deadline deadline) {
  const bool password = !options_.sudo_password.empty();
  const Command probe =
      password
          ? Command::of({"sudo", "-S", "-p", "", "true"}).with_input(options_.sudo_password + "\n")
          : Command::of({"sudo", "-n", "true"});
  std::string ignored, said;
  bool truncated = false;
  const auto ending =
      perform(probe, Collector(ignored, 0, truncated), Collector(said, 4096, truncated), deadline);
  if (!ending) return ending.error();
  if (ending->exit_code == 0) return {};
  return failure(ErrorKind::remote,
                 fmt::format("{}: user '{}' cannot become root with sudo: {}", name(),
                             options_.target.user, last_line(said)),
                 password ? "check the sudo password"
                          : "give the sudo password, allow sudo without one, or log in as root");
}

}  // namespace gauntlet
