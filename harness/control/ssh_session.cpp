#include "harness/control/ssh_session.hpp"

#include <fmt/format.h>
#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "base/duration.hpp"
#include "harness/control/dial.hpp"
#include "harness/control/ssh_handles.hpp"
#include "harness/control/ssh_login.hpp"

namespace gauntlet {
namespace {

using std::chrono::milliseconds;

/// How long a node may take to open a channel on a connection that stands: beyond it the connection
/// is taken for dead, and a new one is tried.
constexpr milliseconds channel_open_max{5'000};
/// How long to wait for the end of the output once the command has exited.
constexpr milliseconds linger{1'000};
/// Bounds a wait, in case libssh holds bytes that the socket does not show any more.
constexpr milliseconds wait_max{500};

struct Exit {
  std::optional<int> code;
  std::string signal;

  bool seen() const { return code.has_value() || !signal.empty(); }
};

void on_exit_status(ssh_session, ssh_channel, int status, void* exit) {
  static_cast<Exit*>(exit)->code = status;
}

void on_exit_signal(ssh_session, ssh_channel, const char* signal, int, const char*, const char*,
                    void* exit) {
  static_cast<Exit*>(exit)->signal = signal == nullptr ? "unknown" : signal;
}

/// A channel that tells how its command ended.
class Channel {
 public:
  explicit Channel(ssh_session session) : channel_(ssh_channel_new(session)) {
    callbacks_.userdata = &exit_;
    callbacks_.channel_exit_status_function = on_exit_status;
    callbacks_.channel_exit_signal_function = on_exit_signal;
    ssh_callbacks_init(&callbacks_);
    if (channel_) ssh_set_channel_callbacks(channel_.get(), &callbacks_);
  }
  /// libssh keeps a freed channel until the other side has closed it.
  ~Channel() {
    if (channel_) ssh_remove_channel_callbacks(channel_.get(), &callbacks_);
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  ssh_channel get() const { return channel_.get(); }
  const Exit& exit() const { return exit_; }

  /// Hands what has arrived to the sinks; false if nothing had.
  bool take(const SshCommand& command) const {
    std::array<char, 65536> buffer;
    bool any = false;
    for (const bool is_error : {false, true}) {
      const auto& sink = is_error ? command.on_error_output : command.on_output;
      while (true) {
        const int n = ssh_channel_read_nonblocking(channel_.get(), buffer.data(), buffer.size(),
                                                   is_error ? 1 : 0);
        if (n <= 0) break;
        any = true;
        sink(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
      }
    }
    return any;
  }

  /// Sends what the window lets through of `rest`, and the end of the input after its last byte. A
  /// command may end or close its input without having read it all.
  void feed(SshCommand& rest) {
    constexpr std::size_t piece_max = 32768;
    for (std::string_view* input : {&rest.preamble, &rest.input}) {
      while (!ended_input_ && !input->empty()) {
        const auto size = static_cast<std::uint32_t>(std::min(input->size(), piece_max));
        const int n = ssh_channel_write(channel_.get(), input->data(), size);
        if (n == SSH_ERROR) ended_input_ = true;
        if (n <= 0) return;
        input->remove_prefix(static_cast<std::size_t>(n));
      }
    }
    if (!ended_input_) ssh_channel_send_eof(channel_.get());
    ended_input_ = true;
  }

 private:
  SshChannelHandle channel_;
  ssh_channel_callbacks_struct callbacks_{};
  Exit exit_;
  bool ended_input_ = false;
};

}  // namespace

struct SshSession::State {
  SshTarget target;
  SshSessionHandle session{ssh_new()};
  /// Reads and handles packets whatever is waited for; reading a channel does not beyond its EOF,
  /// although its exit status may come later.
  SshEventHandle event;
  bool failed = false;

  State() = default;
  ~State() {
    if (event) ssh_event_remove_session(event.get(), session.get());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// Waits until there is news on the connection. False once the deadline has passed.
  bool wait(Deadline deadline) const {
    if (deadline.passed()) return false;
    const auto time = static_cast<int>(
        std::min(std::chrono::ceil<milliseconds>(deadline.left()), wait_max).count());
    if (event) {
      ssh_event_dopoll(event.get(), time);
      return true;
    }
    pollfd polled{ssh_get_fd(session.get()), POLLIN, 0};
    if ((ssh_get_poll_flags(session.get()) & SSH_WRITE_PENDING) != 0) polled.events |= POLLOUT;
    poll(&polled, 1, time);
    return true;
  }

  /// Repeats a call while libssh wants it repeated; what it answered last, SSH_AGAIN or
  /// SSH_AUTH_AGAIN if the deadline passed.
  int repeat(const std::function<int()>& call, Deadline deadline) const {
    while (true) {
      const int answer = call();
      if (answer != SSH_AGAIN && answer != SSH_AUTH_AGAIN) return answer;
      if (!wait(deadline)) return answer;
    }
  }

  template <class T>
  void set(ssh_options_e option, const T* value) const {
    ssh_options_set(session.get(), option, value);
  }

  void configure(int socket) const {
    const bool no = false;
    set(SSH_OPTIONS_PROCESS_CONFIG, &no);
    set(SSH_OPTIONS_HOST, target.host.c_str());
    const auto port = static_cast<unsigned>(target.port);
    set(SSH_OPTIONS_PORT, &port);
    set(SSH_OPTIONS_USER, target.user.c_str());
    set(SSH_OPTIONS_KNOWNHOSTS, target.known_hosts_file.c_str());
    set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS,
        target.system_known_hosts ? "/etc/ssh/ssh_known_hosts" : "/dev/null");
    set(SSH_OPTIONS_FD, &socket);
    ssh_set_blocking(session.get(), 0);
  }

  Error error(ErrorKind kind, std::string_view what) const {
    return failure(kind, fmt::format("{}: {} ({})", target.name, what,
                                     endpoint_text(target.host, target.port)));
  }

  /// "what: why" with libssh's reason, as a transport error.
  Error broken(std::string_view what) const {
    const std::string_view why = ssh_get_error(session.get());
    return error(ErrorKind::transport, fmt::format("{}{}{}", what, why.empty() ? "" : ": ", why));
  }

  /// Opens a channel and has it run a command.
  Result<void> begin(Channel& channel, const std::string& line, Deadline deadline,
                     bool& may_have_started) {
    may_have_started = false;
    failed = true;
    if (channel.get() == nullptr) return broken("no channel");
    const int opened = repeat([&] { return ssh_channel_open_session(channel.get()); },
                              deadline.capped(channel_open_max));
    if (opened != SSH_OK) {
      return opened == SSH_AGAIN
                 ? error(deadline.passed() ? ErrorKind::timeout : ErrorKind::transport,
                         "no answer on the SSH connection")
                 : broken("the SSH connection is lost");
    }
    may_have_started = true;
    const int requested =
        repeat([&] { return ssh_channel_request_exec(channel.get(), line.c_str()); }, deadline);
    if (requested != SSH_OK) {
      return requested == SSH_AGAIN ? error(ErrorKind::timeout, "no answer to a command in time")
                                    : broken("the command was not accepted");
    }
    failed = false;
    return {};
  }

  /// Feeds and reads until the command has ended and its output has, or the deadline passes.
  bool attend(Channel& channel, const SshCommand& command, Deadline deadline) {
    SshCommand rest = command;
    Nanos quiet_since = monotonic_now();
    while (true) {
      channel.feed(rest);
      if (channel.take(command)) quiet_since = monotonic_now();
      const bool done = ssh_channel_is_closed(channel.get()) != 0 ||
                        (channel.exit().seen() && ssh_channel_is_eof(channel.get()) != 0);
      if (done) {
        channel.take(command);
        return true;
      }
      Deadline turn = deadline;
      if (channel.exit().seen()) {
        const Nanos left =
            quiet_since + Nanos{linger.count()} * nanos_per_millisecond - monotonic_now();
        if (left <= 0) {
          failed =
              true;  // sshd keeps the channel, and counts it, for as long as the output is held
          return true;
        }
        turn = deadline.capped(std::chrono::nanoseconds(left));
      }
      if (!wait(turn) && deadline.passed()) return false;
    }
  }
};

struct SshSession::Conversation {
  explicit Conversation(ssh_session session) : channel(session) {}
  Channel channel;
};

SshSession::SshSession(std::unique_ptr<State> state) : state_(std::move(state)) {}

// Not ssh_disconnect, which leaves a socket open that it was given.
SshSession::~SshSession() {
  conversation_.reset();
  ssh_silent_disconnect(state_->session.get());
}

Result<std::unique_ptr<SshSession>> SshSession::connect(const SshTarget& target,
                                                        Deadline deadline) {
  auto socket = dial(target.host, target.port, deadline);
  if (!socket) {
    Error error = socket.error();
    if (error.what.rfind(target.name, 0) != 0) error.what = target.name + ": " + error.what;
    return error;
  }
  auto state = std::make_unique<State>();
  state->target = target;
  state->configure(socket->release());
  ssh_session session = state->session.get();
  std::unique_ptr<SshSession> result(new SshSession(std::move(state)));
  State& self = *result->state_;
  self.failed = true;

  const SshRepeat repeat = [&](const auto& call) { return self.repeat(call, deadline); };
  const int answer = repeat([&] { return ssh_connect(session); });
  if (answer == SSH_AGAIN)
    return self.error(ErrorKind::transport, "sshd accepts the connection but does not speak");
  if (answer != SSH_OK) return self.broken("no SSH connection");
  if (auto known = check_host_key(session, target); !known) return known.error();
  if (auto logged_in = log_in(session, target, repeat); !logged_in) return logged_in.error();
  self.event.reset(ssh_event_new());
  if (!self.event || ssh_event_add_session(self.event.get(), session) != SSH_OK)
    return self.broken("no memory for an SSH session");
  self.failed = false;
  return result;
}

bool SshSession::usable() const {
  return !state_->failed && ssh_is_connected(state_->session.get()) != 0;
}

Result<SshEnding> SshSession::execute(const SshCommand& command, Deadline deadline,
                                      bool& may_have_started) {
  State& self = *state_;
  Channel channel(self.session.get());
  if (auto begun = self.begin(channel, std::string(command.line), deadline, may_have_started);
      !begun) {
    return begun.error();
  }
  if (!self.attend(channel, command, deadline)) {
    self.failed = true;
    return self.error(ErrorKind::timeout, "a command did not end in time");
  }
  const Exit& exit = channel.exit();
  if (!exit.seen()) {
    self.failed = true;
    return self.error(ErrorKind::transport, "the SSH connection was lost while a command ran");
  }
  return SshEnding{exit.code.value_or(-1), exit.signal};
}

Result<void> SshSession::start(const std::string& line, Deadline deadline) {
  conversation_ = std::make_unique<Conversation>(state_->session.get());
  bool may_have_started = false;
  return state_->begin(conversation_->channel, line, deadline, may_have_started);
}

Result<void> SshSession::send(std::string_view input, Deadline deadline) {
  State& self = *state_;
  const ssh_channel channel = conversation_->channel.get();
  while (!input.empty()) {
    const int n =
        ssh_channel_write(channel, input.data(), static_cast<std::uint32_t>(input.size()));
    if (n == SSH_ERROR || !usable() || ssh_channel_is_closed(channel) != 0) {
      self.failed = true;
      return self.broken("the connection to a program is lost");
    }
    input.remove_prefix(static_cast<std::size_t>(std::max(n, 0)));
    if (!input.empty() && !self.wait(deadline)) {
      self.failed = true;  // part of it may be on its way
      return self.error(ErrorKind::timeout, "a program does not read what it is told");
    }
  }
  return {};
}

Result<void> SshSession::receive(std::string& output, std::string& error_output,
                                 Deadline deadline) {
  State& self = *state_;
  const Channel& channel = conversation_->channel;
  const SshCommand sinks{.line = {},
                         .preamble = {},
                         .input = {},
                         .on_output = [&](std::string_view text) { output += text; },
                         .on_error_output = [&](std::string_view text) { error_output += text; }};
  const std::size_t before = output.size();
  while (true) {
    channel.take(sinks);
    if (output.size() > before) return {};
    const bool over = ssh_channel_is_eof(channel.get()) != 0 ||
                      ssh_channel_is_closed(channel.get()) != 0 || channel.exit().seen();
    if (over || !usable()) {
      self.failed = true;
      return self.error(ErrorKind::transport, "a program has ended");
    }
    if (!self.wait(deadline)) return self.error(ErrorKind::timeout, "no answer from a program");
  }
}

}  // namespace gauntlet
