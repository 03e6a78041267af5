// How the controller and the agent on a node talk: a line each way.
//
//   request  WORD WORD...        the first names a module, or is `ping`
//   reply    ok TEXT | error TEXT
//
// Words and texts are escaped so that they hold neither spaces nor line ends: every byte but
// letters, figures and a few signs is %XX; an empty one is `%`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gauntlet {

/// Longer lines are refused by the agent.
inline constexpr std::size_t agent_line_bytes_max = 1 << 16;

/// Without the line's end.
std::string agent_line(const std::vector<std::string>& words);
/// nullopt where the line is no such line.
std::optional<std::vector<std::string>> agent_words(std::string_view line);

}  // namespace gauntlet
