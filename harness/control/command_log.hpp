// The log of what was run on nodes: one record a command.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "harness/control/node.hpp"

namespace gauntlet {

struct CommandRecord {
  std::string_view node;
  std::string_view text;  ///< as `describe`: what was run, cut, never its input or a password
  bool as_root = false;
  Nanos duration_ns = 0;
  int exit_code = -1;       ///< -1 when a signal ended it, or it has no result
  std::string_view signal;  ///< empty unless a signal ended it
  std::string_view error;   ///< why there is no result; empty if there is one
};

/// Called on the thread that ran the command, from several threads at once.
class CommandLog {
 public:
  virtual ~CommandLog() = default;
  virtual void on_command(const CommandRecord& record) = 0;
};

/// Appends a line a command to a file: UTC time, node, duration, exit, text. A line is written by
/// one call, so that several logs may share the file.
class FileCommandLog : public CommandLog {
 public:
  static Result<std::shared_ptr<FileCommandLog>> open(const std::string& path);
  void on_command(const CommandRecord& record) override;

 private:
  explicit FileCommandLog(int descriptor) : descriptor_(descriptor) {}
  Descriptor descriptor_;
};

/// A command's label, or else its text, on one line of about 300 bytes at most.
std::string describe(const Command& command);

}  // namespace gauntlet
