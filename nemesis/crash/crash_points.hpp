// Which crash states are tried, and in which order: bounded, and as different as can be.
//
// Where nothing but what was fsynced is left, all points from one fsync until before the next have
// the same state; it stands for them all: what was acknowledged by the last of them must be there,
// and nothing that was not yet begun at the first. So one try an fsync covers the states right
// after it, right before the next one, and at each acknowledgement between (CrashMonkey's). The
// others keep a part of what was not fsynced (ALICE's): random points, random parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "nemesis/crash/record_index.hpp"

namespace gauntlet::crash {

struct CrashPoint {
  std::uint64_t entries = 0;   ///< of the record that had taken place
  std::string loss = "whole";  ///< whole, pages or sectors: see the power-failure fault
  std::uint64_t seed = 0;      ///< which part is lost
  std::uint64_t first = 0;  ///< the first point with the same state; `entries` if that is not known
};

/// "812:pages:17", and back; `first` is not in it.
std::string to_text(const CrashPoint& point);
std::optional<CrashPoint> parse_crash_point(std::string_view text);

/// At most `count`, first the one of the record's end, then at random: half of them whole, one an
/// fsync, as long as there are any. The same seed gives the same points.
std::vector<CrashPoint> choose_crash_points(const RecordIndex& index, std::size_t count,
                                            std::uint64_t seed);

/// `entries` and `loss` of a point that was named, with its `first`.
CrashPoint placed(const RecordIndex& index, CrashPoint point);

}  // namespace gauntlet::crash
