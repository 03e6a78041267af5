// Reading histories, whatever their format.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "history/history.hpp"

namespace gauntlet {

/// How a history is written; see docs/formats.md.
enum class HistoryFormat {
  detect,
  json_lines,
  json_array,
  edn,
  jepsen_log,
  porcupine_kv,
  cobra_log,
  dbcop_bincode,
  transaction_text,
};

/// A format as options name it; docs/formats.md says more.
struct NamedFormat {
  std::string_view name;
  HistoryFormat format;
};
std::span<const NamedFormat> named_formats();

struct ReadHistory {
  History history;                    ///< paired
  HistoryFormat format;               ///< what it was
  std::vector<std::string> warnings;  ///< one line each: a truncated last line, skipped lines, ...
};

/// Reads and pairs a history; a folder stands for its `history.jsonl` or `history.bincode`, or for
/// the logs of Cobra in it (*.log), which are one history. Errors are ErrorKind::input with
/// "file:line:column: what was expected" in front. A last line that is cut off is a warning, not an
/// error. Where the budget does not suffice the error is of kind `resource` (memory), `timeout` or
/// `interrupted` and says how far it got. O(bytes).
Result<ReadHistory> read_history(const std::string& path,
                                 HistoryFormat format = HistoryFormat::detect,
                                 const Budget& budget = {});

/// Reads files that are one history together, a session each: the logs of Cobra. `name` stands for
/// them in messages about all.
Result<ReadHistory> read_sessions(std::span<const std::string> files, const std::string& name,
                                  const Budget& budget = {});

/// The same from memory; `name` stands for the file in messages.
Result<ReadHistory> parse_history(std::string_view text, const std::string& name,
                                  HistoryFormat format = HistoryFormat::detect);

}  // namespace gauntlet
