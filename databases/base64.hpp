// Base64 with padding (RFC 4648, section 4), as JSON gateways carry bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gauntlet {

std::string base64_encode(std::string_view bytes);

/// Strict: nullopt for a wrong length, a foreign character, misplaced padding or left-over bits, so
/// that damage in transit is never read as another value.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace gauntlet
