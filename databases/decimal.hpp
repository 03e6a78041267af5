// Text that a database answered, as a value, and as a message.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "history/value.hpp"

namespace gauntlet {

/// At most 200 bytes of it.
inline std::string shortened(std::string_view text) {
  constexpr std::size_t shown_bytes_max = 200;
  if (text.size() <= shown_bytes_max) return std::string(text);
  return std::string(text.substr(0, shown_bytes_max)) + "...";
}

/// An integer in decimal, as we write it, as an integer; anything else as a string, cut: a checker
/// shall see it.
inline Value value_of_decimal(const std::string& text) {
  std::int64_t integer = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (error == std::errc() && end == text.data() + text.size() && std::to_string(integer) == text)
    return Value(integer);
  return Value(shortened(text));
}

}  // namespace gauntlet
