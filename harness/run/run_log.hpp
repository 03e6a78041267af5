// The controller's log: what the run did and when, a line each, on disk at once.
//
//   2026-01-31T12:00:05.125Z +5.125 s  phase load
//   2026-01-31T12:00:11.342Z +11.3 s  nemesis inject-partition {"fault":1,"targets":["n1"]}
//
// The commands on nodes go to the same file (harness/control/command_log.hpp): both append each
// line with one call.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "harness/run/run.hpp"

namespace gauntlet {

/// As an event sink it logs what the nemesis does. Thread-safe. A line that cannot be written (a
/// full disk) is dropped: the log must not fail a run.
class RunLog : public EventSink {
 public:
  /// Creates the file or appends to it; offsets count from now.
  static Result<std::unique_ptr<RunLog>> open(const std::string& path);

  /// One line, cut at about a thousand bytes, control characters as spaces.
  void write(std::string_view text);
  void on_event(const Operation& event) override;

 private:
  explicit RunLog(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
  const Nanos started_ns_ = monotonic_now();
};

}  // namespace gauntlet
