// What a set has lost, by when and where it had been acknowledged: from the indices of the lost
// adds in a verdict's statistics (docs/formats.md) and the history.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "checker/verdict.hpp"
#include "reports/timebase.hpp"

namespace gauntlet {

struct Losses {
  struct Count {
    std::uint64_t acknowledged = 0, lost = 0;
  };
  Count all;
  Nanos first = 0, last = 0;           ///< acknowledgements of what was lost
  std::vector<Count> bars;             ///< equal parts of the run
  std::map<std::string, Count> nodes;  ///< of the clients; empty where the history names none
};

/// Nothing lost where the verdict does not tell of any. O(events).
Losses losses_of(const History& history, const Verdict& verdict, const Timebase& timebase,
                 std::size_t bars = 60);

/// "139 of 2,485 acknowledged elements (5.6 %), acknowledged between 4.031 s and 5.561 s".
std::string losses_line(const Losses& losses, const Timebase& timebase);

}  // namespace gauntlet
