// gauntlet as a library: write down what the clients of your test saw, and ask whether it was
// linearizable. Installed as <gauntlet/checker.hpp>; link gauntlet::checker.
//
// The terms are Jepsen's. A process is one client: it has one operation outstanding at most. It
// invokes an operation and then learns its fate: `ok`, it happened; `fail`, it certainly did not;
// `info`, nobody knows (a timeout, a lost connection), so that it may take effect at any later
// time, or never. What is outstanding at the end counts as `info`.
//
// Models are named as `gauntlet list models` and docs/models.md name them: register, cas-register,
// kv, queue, set, mutex, ... A model of your own is one struct in your program, see
// <gauntlet/model.hpp>. Histories in files are read with <gauntlet/history.hpp>.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <limits>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "checker/checker.hpp"
#include "checker/verdict.hpp"
#include "history/history.hpp"

namespace gauntlet {

/// A history in the making. Any number of threads may use it at once; the order of the calls is the
/// order of real time, so invoke before a request is sent, and complete after its answer came.
class Recording {
 public:
  Recording() : started_ns_(monotonic_now()) {}

  /// Process `process` calls `f` on the object `key` (nil where there is one object only).
  void invoke(Process process, std::string_view f, const Value& argument = {},
              const Value& key = {});
  /// Its operation happened and answered `result`: the value read, dequeued, ...
  void ok(Process process, const Value& result = {});
  void fail(Process process);
  /// The process does nothing after it; let its client go on under a new number.
  void info(Process process);

  /// Takes the history out; the recording is empty afterwards. An error of kind `usage` says what
  /// no process can have done, as to complete what it did not invoke.
  Result<History> finish();

 private:
  struct Call {
    FunctionId f;
    ValueId argument;
    ValueId key;
  };

  void complete(Process process, OperationType type, const Value& result);

  std::mutex mutex_;
  History history_;
  boost::unordered_flat_map<Process, Call> outstanding_;
  std::optional<Error> misuse_;  // the first
  Nanos started_ns_;
};

/// An operation with its times, for those who have written them down elsewhere.
struct TimedOperation {
  static constexpr Nanos never = std::numeric_limits<Nanos>::max();
  static constexpr Process anybody = -1;

  std::string f;
  Value argument = {};
  Value result = {};
  Nanos invoked_ns = 0;        ///< before the request was sent, by any one clock
  Nanos completed_ns = never;  ///< after the answer came, by the same clock; never: nobody knows
  Process process = anybody;   ///< matters to models of locks only
  Value key = {};
};

/// The history of these operations, in any order; leave out what certainly did not happen. Of equal
/// times invocations come before completions: which came first is not known, and taking two
/// operations for concurrent allows every order that there can have been. An error of kind `usage`
/// says which process has two operations at a time or an operation that ends before it begins. O(n
/// log n).
Result<History> history_of(std::span<const TimedOperation> operations);

/// Judges a history by the model of that name. Three-valued: `unknown` comes with its reason (the
/// budget ran out, nothing was observed, the history does not fit the model), and neither answer is
/// ever guessed. `valid` rests on an order of the operations that a second, simpler program
/// replayed; each anomaly of `invalid` on operations of which it tried all orders (`verified_by`).
///
/// `options` has the initial value, the budget of time and memory (none unless you set one) and the
/// threads; `options.model` is ignored. Thread-safe. The same history gives the same verdict with
/// the same evidence, unless a budget ends the search.
Verdict check(std::string_view model, const History& history, CheckOptions options = {});

/// The same for what may be no history; then the verdict is `unknown`, and the error its reason.
Verdict check(std::string_view model, const Result<History>& history, CheckOptions options = {});

/// A verdict as lines of text: the verdict and its reason, then each anomaly with its reasoning.
std::string to_text(const Verdict& verdict);

}  // namespace gauntlet
