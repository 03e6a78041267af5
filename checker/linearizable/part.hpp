// A history cut into the operations on each key, in the compact form that the searches work on.
//
// Linearizability is local (Herlihy and Wing, TOPLAS 1990, theorem 1): a history is linearizable if
// and only if its operations on each object are, so each key is judged by itself (Horn and Kroening
// generalize this: "Faster linearizability checking via P-compositionality", FORTE 2015).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checker/checker.hpp"
#include "checker/models/model.hpp"
#include "history/history.hpp"

namespace gauntlet {

/// Position of an operation in its part.
using OpId = std::uint32_t;
inline constexpr OpId no_op = 0xFFFFFFFFu;

struct PartOperation {
  EventIndex invocation;  ///< event of the history
  EventIndex completion;  ///< the event by which it has happened; no_event where there is none
  std::uint32_t kind;     ///< into the part's kinds

  bool crashed() const { return completion == no_event; }
};

/// An invocation, or a return of an operation that has one. Crashed operations never return.
struct PartEvent {
  std::uint32_t op : 31;
  std::uint32_t returns : 1;
};

/// The operations on one key that count, in the order of their invocations. Read-only once made.
struct Part {
  const Model* model = nullptr;
  const History* history = nullptr;
  const ModelContext* context = nullptr;
  ValueId key = ValueId::nil;
  std::vector<ModelCall> kinds;  ///< distinct calls
  std::vector<PartOperation> operations;
  std::vector<PartEvent> events;  ///< in real-time order
  std::size_t crashed = 0;
  std::size_t pending_max = 0;  ///< outstanding at once, crashed ones not counted
  /// The part is the tail of a history. Of a register: it starts from any value whatever. Of
  /// another model: from one of the states of StateSpace::anywhere, named by its position there.
  bool starts_anywhere = false;
  std::size_t start = 0;

  const ModelCall& call(OpId op) const { return kinds[operations[op].kind]; }
  const ModelFunction& function(std::uint32_t kind) const {
    return model->functions()[kinds[kind].function];
  }
  /// Whether a call of this kind may change the state.
  bool updates(std::uint32_t kind) const { return model->updates(kinds[kind], *context); }
  /// The key as text; empty where the history has no keys.
  std::string key_text() const;
};

struct Parts {
  ModelContext context;  ///< what the parts refer to: keep this object where it is
  std::vector<Part> parts;
  std::size_t operations = 0;  ///< client operations of the history, dropped ones included
  std::size_t crashed = 0;     ///< of these, those whose fate is not known
  std::size_t succeeded = 0;
  /// Operations that answered something after or while something might have changed: what a verdict
  /// of "valid" rests on.
  std::size_t observations = 0;
  std::string misfit;      ///< why the history does not fit the model; empty if it does
  std::string unfinished;  ///< which limit ended the cutting before its end; else empty

  explicit Parts(ModelContext c) : context(std::move(c)) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
};

/// Cuts a paired history. O(events). All arguments outlive the answer.
std::unique_ptr<Parts> split(const History& history, const Model& model,
                             const CheckOptions& options);

/// The states of a part's model, for one search.
std::unique_ptr<StateSpace> states_of(const Part& part);

/// Whether every call is one on a register (Model::access). O(kinds).
bool is_access_only(const Part& part);

/// From how many states the tail of a history must be tried, see Part::start; 0 if the model does
/// not know.
std::size_t starts_of(const Part& part);

}  // namespace gauntlet
