#include "nemesis/crash/crash_points.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/integer.hpp"

namespace gauntlet::crash {

namespace {

constexpr std::string_view whole = "whole";

/// Late in an epoch most is at stake, so half of the points are at its end.
CrashPoint torn_point(const RecordIndex& index, std::string_view loss, Random& random) {
  const Epoch& epoch = index.epochs[random.below(index.epochs.size())];
  CrashPoint point{epoch.last, std::string(loss), random.below(1U << 31U)};
  if (random.chance(0.5)) point.entries = epoch.first + random.below(epoch.last - epoch.first + 1);
  point.first = point.entries;
  return point;
}

}  // namespace

std::string to_text(const CrashPoint& point) {
  return fmt::format("{}:{}:{}", point.entries, point.loss, point.seed);
}

std::optional<CrashPoint> parse_crash_point(std::string_view text) {
  CrashPoint point;
  const std::size_t one = text.find(':'), two = text.find(':', one + 1);
  if (one == std::string_view::npos || two == std::string_view::npos) return std::nullopt;
  point.loss = text.substr(one + 1, two - one - 1);
  const auto entries = integer_from<std::uint64_t>(text.substr(0, one));
  const auto seed = integer_from<std::uint64_t>(text.substr(two + 1));
  if (!entries || !seed || *seed >= (1ULL << 63U) ||
      (point.loss != whole && point.loss != "pages" && point.loss != "sectors"))
    return std::nullopt;
  point.entries = *entries;
  point.seed = *seed;
  point.first = point.entries;
  return point;
}

CrashPoint placed(const RecordIndex& index, CrashPoint point) {
  point.first = point.loss == whole ? index.epoch_of(point.entries).first : point.entries;
  return point;
}

std::vector<CrashPoint> choose_crash_points(const RecordIndex& index, std::size_t count,
                                            std::uint64_t seed) {
  std::vector<const Epoch*> epochs;
  for (const Epoch& epoch : index.epochs)
    epochs.push_back(&epoch);
  Random random(seed);
  for (std::size_t i = 0; i + 1 < epochs.size(); ++i)  // the last one first, the others shuffled
    std::swap(epochs[i], epochs[i == 0 ? epochs.size() - 1 : i + random.below(epochs.size() - i)]);
  std::vector<CrashPoint> points;
  std::size_t next = 0;
  for (std::size_t turn = 0; points.size() < count; ++turn) {
    if (turn % 2 == 1) {
      points.push_back(torn_point(index, turn % 4 == 1 ? "pages" : "sectors", random));
    } else if (next < epochs.size()) {
      const Epoch& epoch = *epochs[next++];
      points.push_back({epoch.last, std::string(whole), 0, epoch.first});
    }
  }
  return points;
}

}  // namespace gauntlet::crash
