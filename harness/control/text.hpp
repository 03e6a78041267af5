// Small pieces of untrusted text for messages and logs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gauntlet {

/// The first `bytes_max` bytes ("..." after a cut), control characters as spaces.
std::string one_line(std::string_view text, std::size_t bytes_max = 300);

/// The last line that is not empty, as `one_line`.
std::string last_line(std::string_view text);

}  // namespace gauntlet
