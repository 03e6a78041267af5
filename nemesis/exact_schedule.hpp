// Exact schedules: what the nemesis does at which time, as somebody wrote it down.
//
//   at 5s partition halves; at 15s heal; at 20s kill:targets=n1; at 22s pause n2; at 25s heal 2
//
// Times are from the run's start and do not go back. A fault is its name and parameters, joined by
// blanks or colons; a word without = is the value of its first parameter. "heal" heals all,
// "heal kill" all of that name, "heal 2" what the second injection of the schedule did.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nemesis/nemesis.hpp"

namespace gauntlet {

struct ScheduledAct {
  enum class Kind { inject, heal_all, heal_fault, heal_one };

  Kind kind = Kind::inject;
  Nanos at_ns = 0;
  FaultRequest fault;         ///< inject; heal_fault: its name
  std::size_t injection = 0;  ///< heal_one: which injection of the schedule, from 1
};

/// Usage errors name the column and suggest. At most 10000 acts.
Result<std::vector<ScheduledAct>> parse_schedule(std::string_view text);

/// One act without its time: "inject partition halves", "heal 2".
Result<ScheduledAct> parse_act(std::string_view text);

/// Whether an act may follow these: its time, and what it heals.
Result<void> check_next(const std::vector<ScheduledAct>& before, const ScheduledAct& act);

/// What parse_schedule reads back.
std::string to_text(const std::vector<ScheduledAct>& schedule);

/// Whether the faults make sense on nodes of these names.
Result<void> check_schedule(const std::vector<ScheduledAct>& schedule,
                            const std::vector<std::string>& nodes);

/// Does it. An act is late while the one before it takes; the heal of an injection that was skipped
/// is left out.
GeneratorPtr exact_schedule(std::vector<ScheduledAct> schedule);

}  // namespace gauntlet
