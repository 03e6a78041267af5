// From "not linearizable, fatal at this return" to evidence: a few operations that cannot be
// ordered, what the violation is called, and the reasoning in words.
#pragma once

#include "checker/linearizable/algorithm.hpp"
#include "checker/verdict.hpp"
#include "checker/verifier.hpp"

namespace gauntlet {

/// Explains an invalid judgement. Bounded by `budget` and never changes the verdict: at worst the
/// anomaly names the fatal operation only and says that it could not be narrowed down.
Anomaly explain(const Part& part, const Judgement& judgement, const Verifier& verifier,
                const Budget& budget);

}  // namespace gauntlet
