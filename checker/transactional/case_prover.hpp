// Proves by cases that a few transactions on registers cannot satisfy a level.
//
// The orders of writers and the sources of reads that are open are supposed one by one: first where
// one of two orders closes a cycle at once, which leaves the other; where none does, both are
// followed. What a case supposed but its cycles did not use is dropped from the proof.
//
// For cores that were found and shrunk by other means: exponential in what is open at worst, and
// O(transactions^3 / 64) a case.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "checker/transactional/footprints.hpp"
#include "checker/transactional/register_verifier.hpp"

namespace gauntlet {

/// Nothing where no proof of at most `cases_max` cases was found, or the effort ran out.
std::optional<CaseProof> prove_by_cases(const Footprints& few, const Transactions& history,
                                        OrderLevel level, std::size_t cases_max, Effort& effort);

}  // namespace gauntlet
