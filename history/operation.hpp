// One event of a history: the invocation or the completion of an operation by a process.
//
// The terms are Jepsen's. A process is a logical thread: it has at most one operation outstanding.
// `fail` means that the operation certainly did not take effect; `info` that nobody knows, so it
// may take effect at any later time, and its process never does anything again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "history/value.hpp"

namespace gauntlet {

using Process = std::int32_t;

/// The process of the nemesis; written "nemesis" on disk. Clients have processes >= 0.
inline constexpr Process nemesis_process = -1;

enum class OperationType : std::uint8_t { invoke, ok, fail, info };

std::string_view to_string(OperationType type);
std::optional<OperationType> operation_type_from(std::string_view text);

/// A row of the history as it is made during a run. On disk: one JSON object a line, see
/// docs/formats.md. Absent optional parts are nil or empty.
struct Operation {
  std::int64_t index = -1;  ///< position in the history; -1 until it is recorded
  Nanos time_ns = 0;        ///< since the run's start
  OperationType type = OperationType::invoke;
  Process process = 0;
  std::string f;  ///< the function: "read", "write", "cas", ...
  Value value;
  Value key;          ///< for independent keys
  std::string node;   ///< the node that the client talks to
  std::string error;  ///< why it failed or is indefinite
};

/// Appends the operation as one JSON line, newline included.
void append_json_line(std::string& out, const Operation& operation);

}  // namespace gauntlet
