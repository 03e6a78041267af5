// "Did you mean": the closest of the names that exist.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gauntlet {

/// Edits (insert, delete, replace, swap of neighbours: optimal string alignment) between two words.
/// O(|a| |b|).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate closest to `word` if it is close enough to be a slip (a third of its length, at
/// least two edits, or one starts with the other); else "".
std::string closest(std::string_view word, const std::vector<std::string>& candidates);

/// A remedy: "did you mean 'x'?", or "known: a, b, c" (at most a dozen).
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace gauntlet
