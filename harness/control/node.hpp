// A node: a machine of the cluster, reached over SSH (a container is no different).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace gauntlet {

/// What to run on a node. Either `argv` (each element quoted, no shell interpretation) or `script`
/// (given to /bin/sh, for pipes and loops; build it with `shell_quote`).
struct Command {
  std::vector<std::string> argv;
  std::string script;
  std::string input;     ///< standard input
  std::string label;     ///< what logs and errors call it; empty: the command itself
  bool as_root = false;  ///< through sudo where the login is not root
  std::chrono::milliseconds timeout{30'000};
  std::size_t output_bytes_max = 1 << 20;  ///< a stream, cut beyond that

  static Command of(std::vector<std::string> argv) { return Command{.argv = std::move(argv)}; }
  static Command shell(std::string script) { return Command{.script = std::move(script)}; }
  Command&& root() && {
    as_root = true;
    return std::move(*this);
  }
  Command&& within(std::chrono::milliseconds t) && {
    timeout = t;
    return std::move(*this);
  }
  Command&& with_input(std::string text) && {
    input = std::move(text);
    return std::move(*this);
  }
};

struct CommandResult {
  int exit_code = -1;  ///< -1 when a signal ended it
  std::string signal;  ///< "KILL", ...; empty otherwise
  std::string output;
  std::string error_output;
  bool truncated = false;  ///< a stream was longer than output_bytes_max
  Nanos duration_ns = 0;

  bool succeeded() const { return exit_code == 0; }
};

/// Quotes one argument for /bin/sh so that nothing in it is interpreted. Arguments with a NUL byte
/// cannot be passed to any program; the byte is dropped.
std::string shell_quote(std::string_view argument);

/// A program that runs on a node for long and is talked to by lines. Used by one thread at a time.
/// Closing it, or losing the connection, ends the program's input.
class NodeChannel {
 public:
  virtual ~NodeChannel() = default;
  /// Sends a line, without its end. ErrorKind::transport once the connection or the program is
  /// gone.
  virtual Result<void> send(std::string_view line, Deadline deadline) = 0;
  /// The next line that the program printed, without its end; ErrorKind::timeout if none came.
  virtual Result<std::string> receive(Deadline deadline) = 0;
};

/// One machine. Thread-safe: commands of several threads run at once on a guarded pool of sessions.
/// A node that is lost answers every call with ErrorKind::transport or timeout; it comes back by
/// itself once the machine does.
class Node {
 public:
  virtual ~Node() = default;
  virtual const std::string& name() const = 0;  ///< "n1", or the host that the user named
  /// Where other nodes and clients reach it (IP address or host name, no port).
  virtual const std::string& address() const = 0;

  /// Told by who knows from outside whether the machine is paused or off: meanwhile calls fail at
  /// once with ErrorKind::transport, and do not wait for their deadlines.
  virtual void set_away(bool away) { (void)away; }

  /// Runs a command. A non-zero exit is a result, not an error; errors are transport and timeout.
  /// A command that may have started is never run again.
  virtual Result<CommandResult> run(const Command& command) = 0;
  /// Runs it and turns a non-zero exit into ErrorKind::remote with the last line of its stderr.
  Result<CommandResult> must(const Command& command);

  /// Starts a program that is talked to, on a connection of its own.
  virtual Result<std::unique_ptr<NodeChannel>> open_channel(const std::vector<std::string>& argv,
                                                            bool as_root, Deadline deadline) {
    (void)argv, (void)as_root, (void)deadline;
    return failure(ErrorKind::usage, name() + ": no program can be talked to there");
  }

  /// Copies are checked by SHA-256. `mode` as in chmod.
  virtual Result<void> upload(std::string_view content, const std::string& path, int mode = 0644,
                              bool as_root = false) = 0;
  virtual Result<void> download(const std::string& path, const std::string& local_path,
                                std::size_t bytes_max, bool as_root = false) = 0;
};

}  // namespace gauntlet
