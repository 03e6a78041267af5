// The firewall chains that lead to this agent: taken away without the controller.
#pragma once

#include <string>
#include <string_view>

namespace gauntlet::agent {

/// Names of our chains in `table` that begin with `prefix` and have a rule with `words`, one a
/// line. Both are of letters, digits, '_', '-' and blanks. Waits up to 10 s.
std::string list_chains(std::string_view table, std::string_view prefix, std::string_view words);

/// Removes them; false if some are still there.
bool remove_chains(std::string_view table, std::string_view prefix, std::string_view words);

}  // namespace gauntlet::agent
