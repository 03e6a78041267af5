// The figures of staleness in a verdict's statistics, in words (see docs/formats.md, "staleness").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checker/verdict.hpp"

namespace gauntlet {

/// The figures, or nullptr where the verdict has none.
const Value* staleness_of(const Verdict& verdict);

/// An entry of `figures` as a count; 0 where it is absent or no count.
std::uint64_t staleness_count(const Value& figures, std::string_view name);

/// A bounded figure: "18", "18 to 23", "at least 18"; with `is_duration`, of nanoseconds. "-" where
/// it is absent.
std::string bounds_text(const Value* bounds, bool is_duration);

/// "13 of 869 reads (1.5 %) are stale for certain, by up to 1.57 s and 17 versions", and what delta
/// and k are: a line or two, none where the verdict has no such figures.
std::vector<std::string> staleness_lines(const Verdict& verdict);

}  // namespace gauntlet
