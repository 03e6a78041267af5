// The contract of a client: what does the operations against a database. The nemesis is one too.
#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "history/operation.hpp"

namespace gauntlet {

/// One instance a worker, used by that worker's thread only. Blocking, with a deadline on every
/// call.
///
/// `invoke` answers with a completion: `ok`, `fail` only if the operation certainly did not take
/// effect, else `info`. It never resends an operation. After an `info` the loop closes this client
/// and opens a new one for the next process, unless `reusable()`.
class Client {
 public:
  virtual ~Client() = default;
  /// Sets up what the workload needs in the database (tables, ...); called once a run, on one
  /// client.
  virtual Result<void> setup() { return {}; }
  /// Completes `operation` (type, value, error; f and process stay). Returns by the deadline.
  virtual void invoke(Operation& operation, Deadline deadline) = 0;
  virtual void teardown() {}
  /// Whether the same instance may go on under a new process after an `info`.
  virtual bool reusable() const { return false; }
};

/// What an object is, is told by its key, since a client does not know the workload: keys that are
/// strings and start with "set" hold sets (add v; read nil -> list of all elements), others hold
/// registers (read nil -> value; write v; cas [from, to]).
inline bool holds_set(const Value& key) {
  return key.is_string() && key.string().starts_with("set");
}

using ClientPtr = std::unique_ptr<Client>;

}  // namespace gauntlet
