// Integers from text that somebody else wrote.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gauntlet {

/// All of the text, in decimal; nullopt where it is something else, or does not fit.
template <class Integer = std::int64_t>
std::optional<Integer> integer_from(std::string_view text) {
  Integer value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

}  // namespace gauntlet
