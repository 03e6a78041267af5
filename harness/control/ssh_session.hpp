// One SSH connection: logged in, host key checked, one command at a time. On libssh.
//
// Everything goes through libssh's non-blocking interface and our own poll, so that each step obeys
// the caller's deadline; libssh's own timeouts start anew at every call.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace gauntlet {

/// Where to connect and how to log in.
struct SshTarget {
  std::string name;  ///< what messages call it
  std::string host;
  int port = 22;
  std::string user;
  std::vector<std::string> identity_files;  ///< private keys without a passphrase, tried in order
  bool agent = false;                       ///< try the keys of ssh-agent
  std::string password;                     ///< tried last, if not empty
  /// The keys by which the host may identify itself; any other is an error.
  std::string known_hosts_file;
  bool system_known_hosts = false;  ///< those of /etc/ssh/ssh_known_hosts as well
};

/// How a command ended.
struct SshEnding {
  int exit_code = -1;  ///< -1 when a signal ended it
  std::string signal;  ///< "KILL", ...; empty otherwise
};

/// A command for the login shell of the user, what it reads, and where its output goes.
struct SshCommand {
  std::string_view line;
  std::string_view preamble;  ///< goes before the input
  std::string_view input;
  std::function<void(std::string_view)> on_output;
  std::function<void(std::string_view)> on_error_output;
};

/// Used by one thread at a time. Once a call has failed it is of no more use (`usable`).
class SshSession {
 public:
  /// One attempt. `transport`: the host was not reached or the connection broke, which may be
  /// retried; `remote`: it answered, and its key or our login was refused, which may not.
  static Result<std::unique_ptr<SshSession>> connect(const SshTarget& target, Deadline deadline);
  ~SshSession();
  SshSession(const SshSession&) = delete;
  SshSession& operator=(const SshSession&) = delete;

  /// Runs a command and waits for its end. `may_have_started` is set before the first byte that
  /// could start it is sent: while it is false after an error, the command did not run. A command
  /// that exits and leaves a background process holding its output is done a second later.
  Result<SshEnding> execute(const SshCommand& command, Deadline deadline, bool& may_have_started);

  /// Starts a command that is talked to; from then on the session is for nothing else.
  Result<void> start(const std::string& line, Deadline deadline);
  /// Sends it input.
  Result<void> send(std::string_view input, Deadline deadline);
  /// Adds what it printed to `output`, once there is some; what it says on its standard error goes
  /// to `error_output`. ErrorKind::transport once it has ended.
  Result<void> receive(std::string& output, std::string& error_output, Deadline deadline);

  bool usable() const;

 private:
  struct Conversation;
  struct State;
  explicit SshSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  std::unique_ptr<Conversation> conversation_;  ///< goes before state_
};

}  // namespace gauntlet
