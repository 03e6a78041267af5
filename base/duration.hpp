// Durations and byte counts as people write them: "30s", "500ms", "1.5m", "200M".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace gauntlet {

/// "250us", "10ms", "30s", "2m", "1h", "1.5s"; a bare number is seconds. Never negative; nullopt
/// for anything else and for what does not fit 292 years.
std::optional<Nanos> parse_duration(std::string_view text);

/// The shortest text with three significant digits at most: "1.23 s", "45 ms", "2 m 5 s".
std::string format_duration(Nanos duration_ns);

/// "512", "64K", "200M", "4G" (powers of 1024, an "iB" or "B" may follow); nullopt for anything
/// else.
std::optional<std::size_t> parse_bytes(std::string_view text);

/// "1.2 MiB".
std::string format_bytes(std::size_t bytes);

}  // namespace gauntlet
