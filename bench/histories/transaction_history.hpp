// Histories of transactions on lists or registers, as simulated databases of several isolation
// levels run them.
//
// Sessions take turns at random: at every step one of them is drawn and goes on by one: it invokes
// a transaction, does a part of it, or hears of its end; so about 2/3 of them have a transaction
// under way. A transaction is a few micro-operations, half of them reads of a key and half appends
// or writes of the next number of it. A few keys are live at any time; one that was written often
// enough is replaced by a new one. The same options and seed give the same history on every
// machine.
#pragma once

#include <cstdint>
#include <functional>

#include "base/error.hpp"
#include "history/operation.hpp"

namespace gauntlet {

/// What the database guarantees, weakest first. Read atomic and causal are of registers only.
enum class Isolation {
  read_uncommitted,     ///< appends are seen at once, and stay when their transaction aborts
  read_committed,       ///< locks on what is appended to until the end; reads see what is committed
  read_atomic,          ///< of what committed each misses some, but all or nothing of each
  causal,               ///< two sites that take each other's commits later; the last write stands
  prefix,               ///< reads from a snapshot; updates may be lost
  parallel_snapshot,    ///< two sites, each with a snapshot of its own and behind with the other's
  snapshot,             ///< reads from a snapshot; the first to commit a write of a key wins
  serializable,         ///< updates one after another; transactions that only read may see the past
  strict_serializable,  ///< one after another, each at a moment between its two ends
};

enum class TransactionPlant {
  none,
  stale_read,  ///< a read misses what was appended before it began: G-single-realtime
  g_single,    ///< a read of two keys sees one half of a transaction: G-single
};

struct TransactionOptions {
  Isolation isolation = Isolation::strict_serializable;
  bool registers = false;   ///< whose last value is all that is read
  std::int64_t values = 0;  ///< of registers: so many different ones are written; 0: all differ
  std::int64_t transactions = 1000;
  std::int64_t sessions = 20;
  std::int64_t keys = 10;            ///< live at any time
  std::int64_t writes_per_key = 32;  ///< after which a new key takes its place
  std::int64_t length_max = 4;       ///< micro-operations, at least one
  double crash_share = 0;  ///< of transactions that end in `info`; half of these take effect
  TransactionPlant plant = TransactionPlant::none;  ///< at 98.5 % of the history
  std::uint64_t seed = 1;
};

/// Hands each event to `sink` as it happens; returns their number. ErrorKind::usage for options
/// that make no history.
Result<std::int64_t> simulate_transactions(const TransactionOptions& options,
                                           const std::function<void(const Operation&)>& sink);

}  // namespace gauntlet
