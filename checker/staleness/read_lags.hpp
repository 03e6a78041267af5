// How far each read lagged behind, whatever the order of the writes was.
#pragma once

#include <cstdint>
#include <vector>

#include "checker/staleness/accesses.hpp"

namespace gauntlet::staleness {

/// A read of a value that had certainly been overwritten before the read began.
struct StaleRead {
  std::uint32_t read;      ///< position in the accesses' reads
  Moment overwritten;      ///< by then another value had certainly taken the place of the one read
  std::uint32_t versions;  ///< at least so many writes took effect between
};

/// The reads that are stale in every order of the writes, by the moments at which they began.
/// O(operations + writes * log(writes)).
std::vector<StaleRead> stale_reads(const Accesses& accesses, Effort& effort);

}  // namespace gauntlet::staleness
