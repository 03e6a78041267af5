// `gauntlet check --json` as a program of its own, for the benches that measure what a user gets.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "history/value.hpp"

namespace gauntlet {

inline constexpr auto program_time_limit = std::chrono::seconds(60);

/// The lines that `gauntlet check --json` prints; nothing if it did not end in time. The program is
/// the one beside this one.
std::optional<std::vector<Value>> check_with_program(const std::vector<std::string>& arguments);

/// CPU seconds and peak bytes of all programs that this process has run: of the checks alone, when
/// it is asked in the process that `measure` forks, and not of what is done with their answers
/// there.
std::pair<double, double> spent_on_programs();

/// `late_to_stop`: the program did not honour its time limit.
enum class ProgramAnswer : int { none, valid, invalid, unknown, late_to_stop };

/// What a line of check_with_program says.
ProgramAnswer answer_of(const Value& line);

}  // namespace gauntlet
