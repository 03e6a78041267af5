// Data types as a perfect server would hold them, with clients that use them at random.
//
// One object serves a simulated history (simulated_history.hpp): calls take effect one after
// another, so what it answers is linearizable by construction, except for the steps of a planted
// violation.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "history/operation.hpp"

namespace gauntlet {

/// What a client asks for.
struct Call {
  std::string f;
  Value value = {};
  Value key = {};
};

/// What it is told: `ok` or `fail`, with the value of the completion.
struct Answer {
  OperationType type = OperationType::ok;
  Value value = {};
};

/// A call with the answer that it gets whatever the object holds.
struct Step {
  Call call;
  Answer answer;
};

/// Not thread-safe. All randomness comes from the Random that is passed in.
class SimulatedObject {
 public:
  virtual ~SimulatedObject() = default;

  /// What a client calls that has nothing outstanding; clients are numbered from 0.
  virtual Call next_call(Random& random, std::size_t client) = 0;
  /// Takes effect at this moment; nothing where it has to wait for another client first.
  virtual std::optional<Answer> apply(const Call& call, std::size_t client) = 0;
  /// Steps that run alone before all others, so that a history says itself where it begins.
  virtual std::vector<Step> opening() { return {}; }
  /// Whether a call that crashes takes effect all the same.
  virtual bool crash_takes_effect(const Call&, Random& random) { return random.chance(0.5); }
  /// Steps, one after another by one process, of which the last contradicts the ones before
  /// whatever the other processes do; the object holds what is left by all of them.
  virtual std::vector<Step> stale_steps() = 0;
};

/// How values are drawn.
struct ValueChoice {
  std::int64_t count = 5;  ///< distinct values, 0 to count - 1; 0 stands for a new one each time
  std::int64_t keys = 1000;
};

/// How likely a client of a register calls each function, relative to each other.
struct FunctionShares {
  double read = 1;
  double write = 1;
  double cas = 1;  ///< of a cas-register only

  friend bool operator==(const FunctionShares&, const FunctionShares&) = default;
};

/// The object of a model: register, cas-register, kv, counter, set, grow-only-set, queue, stack,
/// priority-queue or mutex; null for any other name.
std::unique_ptr<SimulatedObject> make_simulated_object(std::string_view model,
                                                       const ValueChoice& choice,
                                                       const FunctionShares& shares = {});

}  // namespace gauntlet
