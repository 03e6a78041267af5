// A run's faults as an exact schedule: the same injections, decided as they were, and the same
// heals, at the times at which they began.
#pragma once

#include <string>
#include <vector>

#include "history/history.hpp"
#include "nemesis/exact_schedule.hpp"
#include "nemesis/ledger.hpp"

namespace gauntlet {

struct Replay {
  std::vector<ScheduledAct> schedule;
  std::vector<std::string> notes;  ///< what is not done again, one line each
};

/// From the nemesis's operations in a history and the plans in the ledger beside it. An injection
/// that was skipped is left out, and so is the heal of everything at the end. Errors say which
/// injection cannot be told by parameters, or has no plan. O(events + entries).
Result<Replay> replay_of(const History& history, const std::vector<LedgerEntry>& ledger);

}  // namespace gauntlet
