// From the updates that a search linearized to a full linearization.
#pragma once

#include <vector>

#include "checker/linearizable/part.hpp"
#include "checker/linearizable/trace.hpp"

namespace gauntlet {

/// In a trace, "some crashed operation of this kind": the flag and the kind.
inline constexpr OpId crashed_kind_flag = 0x80000000u;

/// Puts every observer at the first moment at which the state agrees with it, names the crashed
/// operations (of each kind the earliest invoked come first) and answers the order. `steps` are the
/// updates, each with the position in the part's events before which it happens; they leave no
/// observer unsatisfied. O(events + observers * changes of state while they are pending), with one
/// state only.
std::vector<OpId> order_from_updates(const Part& part, const std::vector<Trace::Step>& steps);

}  // namespace gauntlet
