// A quick hash against accidents, not against people: of log entries and of trees of files.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace gauntlet::disk {

/// Goes on from `hash`, so that a digest of several pieces takes their order into account.
inline std::uint64_t digest(std::uint64_t hash, std::string_view data) {
  constexpr std::uint64_t multiplier = 0x9e3779b97f4a7c15ULL;
  const auto mix = [&](std::uint64_t word) {
    hash = (hash ^ word) * multiplier;
    hash ^= hash >> 29;
  };
  mix(data.size());
  std::uint64_t word = 0;
  for (; data.size() >= sizeof(word); data.remove_prefix(sizeof(word))) {
    std::memcpy(&word, data.data(), sizeof(word));
    mix(word);
  }
  word = 0;
  if (!data.empty()) std::memcpy(&word, data.data(), data.size());
  mix(word);
  return hash;
}

}  // namespace gauntlet::disk
