// The page's own rule for the browser: run and style with what is embedded, load nothing.
#pragma once

#include <string>
#include <string_view>

namespace gauntlet {

/// A Content-Security-Policy that allows one inline script and one inline style sheet, named by
/// the hex of their SHA-256, and forbids all else: network, frames, forms, other scripts. Even a
/// value that escaped its quoting could not run.
std::string content_policy(std::string_view script_sha256_hex, std::string_view style_sha256_hex);

/// Base64 (RFC 4648) of the bytes that an even number of hex digits spells.
std::string base64_of_hex(std::string_view hex);

}  // namespace gauntlet
