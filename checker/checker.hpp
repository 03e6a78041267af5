// The contract of a checker: a history in, a verdict out, within a budget.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/budget.hpp"
#include "base/error.hpp"
#include "base/registry.hpp"
#include "checker/verdict.hpp"
#include "history/history.hpp"

namespace gauntlet {

/// How an `ok` read of nil is meant: as the value nil, or as "do not know" (Knossos).
enum class NilRead { value, any };

/// How a `fail` of a compare-and-set is meant: it did not happen and says nothing, or it proves
/// that the value differed when it ran.
enum class FailedCas { drop, check };

/// What is known of the order of the writes of a key of transactions on registers, besides what
/// reads tell: nothing; that those of a process come in its order; that they come in the order of
/// real time, whatever the level promises of transactions.
enum class KeyOrder { none, sequential, linearizable };

struct CheckOptions {
  Budget budget = {};
  std::string model = {};  ///< empty: the checker's own default
  Value initial = {};      ///< the model's initial value, where it takes one
  NilRead nil_read = NilRead::value;
  FailedCas failed_cas = FailedCas::drop;
  KeyOrder key_order = KeyOrder::none;
  /// Consistency models to judge by, for checkers that know several; empty: the checker's default.
  std::vector<std::string> consistency = {};
  unsigned threads = 1;
  std::size_t anomalies_max = 10;  ///< how many are explained; all are counted
  /// Called now and then, from any one thread at a time, with the share done in [0, 1].
  std::function<void(double)> progress = {};
};

/// Stateless: `check` may run on any number of threads at once.
class Checker {
 public:
  virtual ~Checker() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;  ///< one line
  /// Judges a paired history. Never throws for what the history holds; a history that does not fit
  /// the model is `unknown` with the reason.
  virtual Verdict check(const History& history, const CheckOptions& options) const = 0;
};

/// Registration is one line at the end of a checker's file: GAUNTLET_REGISTER(Checker,
/// SomeChecker);
using CheckerRegistry = Registry<Checker>;

}  // namespace gauntlet
