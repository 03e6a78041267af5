// Transactions as the formats of other checkers list them: session by session, with reads and
// writes of registers and without times. They become operations "txn" of one process a session,
// with micro-operations ["r", key, value] and ["w", key, value].
//
// In all of these formats 0 (or a mark of its own) is what a key holds before anybody wrote to it;
// it becomes null, which is what that is here.
#pragma once

#include <cstdint>
#include <vector>

#include "history/reading.hpp"

namespace gauntlet {

enum class MicroKind : std::uint8_t { read, write };

/// Not thread-safe. The reading outlives it.
class SessionTransactions {
 public:
  /// Notes in the history that there is no real time.
  explicit SessionTransactions(Reading& reading);

  /// A micro-operation of the transaction that is being collected.
  void add(MicroKind kind, ValueId key, ValueId value);
  bool is_empty() const { return asked_.empty(); }

  /// Ends the transaction with `ok` or `fail` and appends its two events. False when the reader
  /// should stop.
  bool finish(Process process, OperationType end, Place place, std::uint32_t node = 0);

 private:
  bool append(OperationType type, Process process, ValueId value, Place place, std::uint32_t node);

  Reading& reading_;
  FunctionId txn_;
  ValueId read_, write_;
  std::vector<ValueId> asked_;  ///< reads without what they found
  std::vector<ValueId> found_;
};

/// The value of a format whose initial value is 0.
ValueId value_or_initial(Values& values, std::int64_t value);

}  // namespace gauntlet
