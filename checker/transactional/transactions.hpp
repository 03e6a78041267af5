// The transactions of a history, in columns: which micro-operations each is made of, when it began
// and ended, and what became of it.
//
// A transaction is an operation "txn" whose value lists micro-operations: ["r", key, list] or
// ["append", key, element] on lists, ["r", key, value] or ["w", key, value] on registers (Kingsbury
// and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", VLDB 2020).
// Values stay interned: a micro-operation takes 8 bytes here, whatever it read.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "history/history.hpp"

namespace gauntlet {

/// A transaction of a history; dense from 0, in order of invocation.
using Txn = std::uint32_t;
inline constexpr Txn no_txn = std::numeric_limits<Txn>::max();

/// A key of a history; dense from 0.
using KeyId = std::uint32_t;
/// A micro-operation of a history; dense from 0, those of a transaction together and in order.
using MicroId = std::uint32_t;
inline constexpr MicroId no_micro = std::numeric_limits<MicroId>::max();

/// What the history says became of a transaction: `ok`, `fail`, or nothing certain.
enum class Outcome : std::uint8_t { committed, aborted, indefinite };

struct Micro {
  std::uint32_t writes : 1;
  KeyId key : 31;
  /// The element appended or the value written; or the list or value read, nil where the
  /// transaction did not certainly commit.
  ValueId value;
};

/// What the keys hold: lists that are appended to, or registers that are written.
enum class KeyType : std::uint8_t { lists, registers };

/// Read-only once it is made; any number of threads may use it. The history outlives it.
class Transactions {
 public:
  /// ErrorKind::input where the history does not consist of such transactions, ::timeout or
  /// ::resource where the budget ran out. O(events + micro-operations).
  static Result<Transactions> of(const History& history, const Budget& budget,
                                 KeyType type = KeyType::lists);

  /// Of transactions on lists: each list as a register that holds its last element, nil if it is
  /// empty; of a read, without what its own transaction had appended. O(micro-operations).
  Transactions as_registers() const;

  const History& history() const { return *history_; }
  Txn size() const { return static_cast<Txn>(outcome_.size()); }
  MicroId micro_count() const { return static_cast<MicroId>(micros_.size()); }
  KeyId key_count() const { return static_cast<KeyId>(keys_.size()); }

  Outcome outcome(Txn t) const { return outcome_[t]; }
  EventIndex invoked(Txn t) const { return invoked_[t]; }
  /// The event that ended it; no_event where it may take effect at any later time.
  EventIndex completed(Txn t) const { return completed_[t]; }

  MicroId first(Txn t) const { return first_[t]; }
  MicroId end(Txn t) const { return first_[t + 1]; }
  const Micro& micro(MicroId m) const { return micros_[m]; }
  std::span<const Micro> micros(Txn t) const {
    return {micros_.data() + first_[t], first_[t + 1] - first_[t]};
  }
  Txn owner(MicroId m) const { return owner_[m]; }

  ValueId key(KeyId k) const { return keys_[k]; }
  /// What a read of a list read; empty for nil.
  std::span<const ValueId> list(const Micro& read) const {
    const Values& values = history_->values();
    return read.value == ValueId::nil ? std::span<const ValueId>() : values.as_list(read.value);
  }

 private:
  friend class TransactionReader;

  const History* history_ = nullptr;
  std::vector<Outcome> outcome_;
  std::vector<EventIndex> invoked_;
  std::vector<EventIndex> completed_;
  std::vector<MicroId> first_{0};
  std::vector<Micro> micros_;
  std::vector<Txn> owner_;
  std::vector<ValueId> keys_;
};

}  // namespace gauntlet
