// When something had certainly been written after a given moment.
#pragma once

#include <algorithm>
#include <vector>

#include "checker/staleness/accesses.hpp"

namespace gauntlet::staleness {

/// Read-only once made; refers to nothing.
class Overwrites {
 public:
  /// O(moments).
  explicit Overwrites(const Accesses& accesses) : first_end_(slot(accesses.moments), never) {
    for (const Write& write : accesses.writes) {
      if (write.begin >= 0) first_end_[static_cast<std::size_t>(write.begin)] = write.end;
    }
    for (std::size_t i = first_end_.size() - 1; i-- > 0;)
      first_end_[i] = std::min(first_end_[i], first_end_[i + 1]);
  }

  /// The earliest end of a write that began after `moment`; `never` if there is none.
  Moment first_after(Moment moment) const {
    return moment == never ? never : first_end_[slot(moment)];
  }

 private:
  std::vector<Moment> first_end_;  // by moment: of the writes that began then or later
};

}  // namespace gauntlet::staleness
