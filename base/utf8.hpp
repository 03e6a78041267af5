// Reading UTF-8 that may be malformed (RFC 3629, section 4).
#pragma once

#include <cstddef>
#include <string_view>

namespace gauntlet {

/// A code point and the bytes that it took; `length` 0 where the text is malformed or empty.
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;
};

/// The code point at the front of `text`. Overlong forms, surrogates and values over U+10FFFF are
/// malformed.
constexpr CodePoint decode_utf8(std::string_view text) {
  if (text.empty()) return {};
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
  if (length == 0 || first > 0xF4 || text.size() < length) return {};
  char32_t value = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0u) != 0x80u) return {};
    value = value << 6 | (next & 0x3Fu);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) return {};
  return {value, length};
}

}  // namespace gauntlet
