// Guesses at which few values a violation is about, for models whose values do not depend on each
// other (Model::subject): most violations of queues, stacks and sets are about one or two.
#pragma once

#include <vector>

#include "checker/linearizable/part.hpp"

namespace gauntlet {

/// Where to look for the other values: `nearby` is quick.
enum class Reach { nearby, everywhere };

/// Sets of operations worth judging by themselves, likely and small ones first: those about the
/// value of the fatal operation, alone and with one other value each. The others are those that
/// occur close to it, and everywhere: those that were put and never taken, or that its answer lists
/// or lacks. All hold the fatal operation and those of `floating` (updates of which nobody knows
/// whether they happened) that are about no value. At most a few hundred sets; none for other
/// models. O(operations); everywhere O(operations log operations), 4 bytes an operation.
std::vector<std::vector<OpId>> projections(const Part& part, OpId fatal,
                                           const std::vector<OpId>& floating, Reach reach);

}  // namespace gauntlet
