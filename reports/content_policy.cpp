#include "reports/content_policy.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "base/assert.hpp"

namespace gauntlet {

namespace {

std::uint32_t digit_of(char c) {
  GAUNTLET_ASSERT((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  return static_cast<std::uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10);
}

}  // namespace

std::string base64_of_hex(std::string_view hex) {
  static constexpr char alphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  GAUNTLET_ASSERT(hex.size() % 2 == 0);
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 6) {
    const std::size_t digits = std::min<std::size_t>(hex.size() - i, 6);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 6; ++k)
      bits = bits << 4 | (k < digits ? digit_of(hex[i + k]) : 0);
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= digits / 2 ? alphabet[bits >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string content_policy(std::string_view script_sha256_hex, std::string_view style_sha256_hex) {
  return fmt::format(
      "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; "
      "form-action 'none'",
      base64_of_hex(script_sha256_hex), base64_of_hex(style_sha256_hex));
}

}  // namespace gauntlet
