// Histories of clients that use one simulated object, for benchmarks and tests.
//
// The terms are those in which other checkers were measured. C processes: at every step a process
// is drawn at random and goes on by one of three: it invokes, its call takes effect, its call
// returns; so about 2C/3 operations are open at all times, and where a call takes effect between
// its ends is random. Crash is the share of operations that never return: half of them take effect;
// the process goes on under a new number. Stale is one sequential stale read, at 98.5 % of the
// history: write X, write Y, read X, one after another, where nobody else writes X.
//
// The first operation runs alone and writes the initial value 0 (registers), so that the verdict
// does not depend on what a checker takes for the initial value. The same options and seed give the
// same history on every machine.
#pragma once

#include <functional>
#include <string>

#include "base/error.hpp"
#include "bench/histories/simulated_object.hpp"
#include "history/operation.hpp"

namespace gauntlet {

enum class Plant {
  none,
  stale,
  /// For cas-register: crashed compare-and-sets a to b, a to c and c to b of values that nothing
  /// else touches, then at 98.5 % rounds of "write a, read b", one more than these allow.
  counts,
  counts_valid,  ///< the same, with exactly as many rounds as they allow
};

struct SimulationOptions {
  std::string model = "register";
  std::int64_t operations = 1000;
  std::int64_t processes = 5;
  ValueChoice values;
  FunctionShares shares;
  double crash_share = 0;
  /// Of the crashed operations that take effect, whether some do so long after their `info`.
  bool late_effects = false;
  Plant plant = Plant::none;
  std::uint64_t seed = 1;
};

struct SimulationResult {
  std::int64_t events = 0;
  std::int64_t crashed = 0;
  /// Index of the completion at which the history is certainly in violation, -1 where none was
  /// planted. For registers, counters and sets it is the first such; an operation of another
  /// process that is open at the same time can postpone, but not prevent, the violation of the
  /// others.
  std::int64_t violation_index = -1;
  std::int64_t planted_index = -1;  ///< of the first planted event; the history is valid before it
};

/// Simulates a history and hands each event to `sink` as it happens. Memory does not depend on the
/// number of operations. ErrorKind::usage for options that make no history.
Result<SimulationResult> simulate_history(const SimulationOptions& options,
                                          const std::function<void(const Operation&)>& sink);

}  // namespace gauntlet
