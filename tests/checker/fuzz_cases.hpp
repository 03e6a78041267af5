// How many random cases a test gets.
#pragma once

#include <algorithm>
#include <cstdlib>

namespace gauntlet::testing {

/// GAUNTLET_FUZZ_FACTOR multiplies it for long runs.
inline int fuzz_cases(int standard) {
  const char* const factor = std::getenv("GAUNTLET_FUZZ_FACTOR");
  return standard * (factor != nullptr ? std::max(1, std::atoi(factor)) : 1);
}

}  // namespace gauntlet::testing
