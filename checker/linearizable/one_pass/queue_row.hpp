// A legal order of the operations on a FIFO queue of different values, from what is known to be
// possible: see queue_values.cpp for why there is one.
#pragma once

#include <utility>
#include <vector>

#include "base/effort.hpp"
#include "checker/linearizable/one_pass/queue_part.hpp"

namespace gauntlet {

/// What was chosen where there was a choice.
struct QueueChoices {
  /// Values that crashed dequeues take, and which.
  std::vector<std::pair<ElementId, OpId>> taken_by_crashed;
  /// Calls that found the queue empty, and right after which event; in ascending order of events.
  std::vector<std::pair<Moment, OpId>> empty_at;
};

/// All operations that happened, and the chosen ones, in a legal order; empty if the budget is used
/// up. `part` has one. O(events).
std::vector<OpId> order_queue(const Part& part, const QueuePart& queue, const QueueChoices& choices,
                              Effort& effort);

}  // namespace gauntlet
