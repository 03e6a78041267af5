// An order for a history that has none, once its stale reads are taken to have begun earlier.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "checker/staleness/accesses.hpp"
#include "checker/staleness/read_lags.hpp"

namespace gauntlet::staleness {

struct MovedReadsOrder {
  std::vector<WriteId> writes;    ///< in the order found; those that did not happen are left out
  std::vector<WriteId> ascribed;  ///< for each read the write before it
};

struct MovedReads {
  std::optional<MovedReadsOrder> order;  ///< nothing if none was found
  bool must_move = false;                ///< there certainly is none with all reads in their places
};

/// Looks for an order by judging the history with reads moved, at most `judgements_max` times.
/// `part`: what the accesses were made of. Cost: that of the judgements.
MovedReads order_with_moved_reads(const Part& part, const Accesses& accesses,
                                  const std::vector<StaleRead>& stale, std::size_t judgements_max,
                                  const Budget& budget);

}  // namespace gauntlet::staleness
