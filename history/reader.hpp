// Reading histories, whatever their format.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "history/history.hpp"

namespace gauntlet {

/// How a history is written; see docs/formats.md.
enum class HistoryFormat { detect, json_lines, json_array, edn, jepsen_log, porcupine_kv };

struct ReadHistory {
  History history;                    ///< paired
  HistoryFormat format;               ///< what it was
  std::vector<std::string> warnings;  ///< one line each: a truncated last line, skipped lines, ...
};

/// Reads and pairs a history; a run directory stands for its `history.jsonl`. Errors are
/// ErrorKind::input with "file:line:column: what was expected" in front. A last line that is cut
/// off is a warning, not an error. Where the budget does not suffice the error is of kind
/// `resource` (memory), `timeout` or `interrupted` and says how far it got. O(bytes).
Result<ReadHistory> read_history(const std::string& path,
                                 HistoryFormat format = HistoryFormat::detect,
                                 const Budget& budget = {});

/// The same from memory; `name` stands for the file in messages.
Result<ReadHistory> parse_history(std::string_view text, const std::string& name,
                                  HistoryFormat format = HistoryFormat::detect);

}  // namespace gauntlet
