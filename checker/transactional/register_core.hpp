// Shrinks what fails a level to a few transactions and keys that still fail it.
//
// What is left out only ever takes constraints away (footprints.hpp), so what fails by itself fails
// in the whole. Pieces of half the size, then of a quarter and so on are left out where the rest
// still fails (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", TSE
// 2002), with a bound on the number of tries.
#pragma once

#include <optional>
#include <vector>

#include "checker/transactional/order_decision.hpp"

namespace gauntlet {

/// `involved`: transactions of `all` that seem to be enough. Nothing where even the whole is not
/// seen to fail within the effort.
std::optional<Footprints> shrink_failure(const Footprints& all, OrderLevel level,
                                         const std::vector<Txn>& involved, Effort& effort);

}  // namespace gauntlet
