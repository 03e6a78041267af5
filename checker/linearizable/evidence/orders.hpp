// The evidence for "valid": the orders themselves.
#pragma once

#include <vector>

#include "checker/verifier.hpp"

namespace gauntlet {

/// An order of the operations on each key that is linearizable, accepted by the verifier, in the
/// order in which the keys occur. Keys that are not linearizable, or on which the budget ran out,
/// are left out. Judges the history anew; options.model names a model.
std::vector<OrderCertificate> linearizations(const History& history, const CheckOptions& options);

}  // namespace gauntlet
