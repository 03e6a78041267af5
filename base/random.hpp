// The one source of randomness: seeded, reproducible, the same on every platform.
//
// splitmix64 to seed, xoshiro256** to draw (Blackman and Vigna, "Scrambled linear pseudorandom
// number generators", TOMS 2021). The standard library's distributions are not reproducible between
// implementations, so the few that are needed are here.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/assert.hpp"

namespace gauntlet {

/// Not thread-safe: one instance an owner; `fork` makes independent ones. Copyable: a copy draws
/// the same numbers.
class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (auto& word : state_)
      word = next_splitmix(seed);
  }

  std::uint64_t next() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// Uniform in [0, bound); bound > 0. Bias below 2^-32 for bounds that fit 32 bits.
  std::uint64_t below(std::uint64_t bound) {
    GAUNTLET_ASSERT(bound > 0);
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }

  /// Uniform in [low, high], both included.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    GAUNTLET_ASSERT(low <= high);
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }

  /// Uniform in [0, 1).
  double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  bool chance(double probability) { return fraction() < probability; }

  /// An independent stream named `label`: the same parent seed and label give the same stream,
  /// whatever was drawn from the parent's other forks. Draws nothing from this one.
  Random fork(std::string_view label) const {
    std::uint64_t hash = 0xcbf29ce484222325ULL ^ state_[0];
    for (const char c : label)
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return Random(hash ^ state_[3]);
  }

 private:
  __extension__ using Wide = unsigned __int128;  // no ISO type

  static std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

  static std::uint64_t next_splitmix(std::uint64_t& seed) {
    std::uint64_t z = (seed += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  std::uint64_t state_[4];
};

}  // namespace gauntlet
