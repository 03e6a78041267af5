// The few operations that prove a violation, as a part of their own.
#pragma once

#include <optional>
#include <vector>

#include "checker/linearizable/part.hpp"

namespace gauntlet {

/// What is left of a part, in terms of the part's operations.
struct Core {
  std::vector<OpId> operations;  ///< in the order of invocation
  /// Only what comes up to this event is looked at: the completion of the fatal operation.
  EventIndex until = no_event;
  /// It holds from this event on, whatever the state then; no_event: from the initial state.
  EventIndex from = no_event;
  bool is_minimal = false;  ///< nothing more can be left out by the shrinker's steps, one at a time
};

/// Makes parts of cores. Not thread-safe. The part outlives it.
class CoreCutter {
 public:
  CoreCutter(const Part& part, EventIndex until);

  /// The core's operations only, in its order; those that return after the core's end or began
  /// before its start may have happened or not. Of a register from anywhere, the state is unknown
  /// (Part::starts_anywhere). Valid until the next call. O(operations of the core), and once
  /// O(operations of the part) for a model whose answers list the whole state.
  Part& cut(const Core& core);

  /// The context of the part that was cut last.
  ModelContext& context() { return *context_; }

 private:
  bool lists_whole_state(const ModelCall& call) const;

  const Part& part_;
  EventIndex until_;
  bool subjects_are_known_ = false;
  ValueSet subjects_updated_;
  LeftOut left_out_{subjects_updated_};
  std::optional<ModelContext> context_;  // always there; not assignable in place
  Part cut_;
};

}  // namespace gauntlet
