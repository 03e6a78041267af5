// An operation (an invocation with what became of it) in words.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "history/history.hpp"

namespace gauntlet {

/// JSON texts of the values, cut to `length_max` bytes each; not escaped for any medium.
struct OperationText {
  std::string f;
  std::string argument;  ///< what was asked; empty where the invocation carried nil
  std::string result;    ///< what came back, where it differs from what was asked; else empty
  std::string key;       ///< empty where there is none
};

OperationText operation_text(const History& history, EventIndex invocation,
                             std::size_t length_max = 200);

/// "write 4", "read → 3", "cas [3,4]", "read" where nothing came back; of a transaction
/// "append 5 to x, read y = [1 2]".
std::string operation_label(const History& history, EventIndex invocation,
                            std::size_t length_max = 200);

/// The same in lines of about `columns_max` columns: a transaction has one for each of its
/// micro-operations, "append 5 to x", "read y = [1 2]"; any other operation has one, with its key.
/// `keys`: of a transaction of many micro-operations, show those on these keys only, and "…" for
/// others; empty: all.
std::vector<std::string> operation_lines(const History& history, EventIndex invocation,
                                         std::size_t columns_max,
                                         const std::set<ValueId>& keys = {});

/// What the outcome means, in a word or two: "ok", "fail", "info (may have happened)",
/// "never completed".
std::string outcome_text(const History& history, EventIndex invocation);

/// The invocations among `operations` that exist, without duplicates, in order: evidence is checked
/// before it is drawn. Completions stand for their invocations.
std::vector<EventIndex> invocations_of(const History& history,
                                       const std::vector<EventIndex>& operations);

}  // namespace gauntlet
