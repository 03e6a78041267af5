#include "nemesis/pace.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/duration.hpp"
#include "base/suggest.hpp"
#include "nemesis/words.hpp"

namespace gauntlet {

namespace {

const std::vector<std::string>& pace_keys() {
  static const std::vector<std::string> keys = {"mean", "min", "lasts", "group", "quiet"};
  return keys;
}

Error wrong(const std::string& what, std::string remedy) {
  return failure(ErrorKind::usage, "pace of the nemesis: " + what, std::move(remedy));
}

Result<Nanos> positive_duration(std::string_view key, std::string_view text) {
  const auto duration = parse_duration(text);
  if (duration && *duration > 0) return *duration;
  return wrong(fmt::format("{} is no duration: '{}'", key, text), "write 500ms, 20s or 5m");
}

Result<std::vector<QuietTime>> quiet_times(std::string_view text) {
  std::vector<QuietTime> times;
  while (!text.empty()) {
    std::string_view end = take_until(text, '+');
    const std::string_view begin = take_until(end, '-');
    const auto from = parse_duration(begin);
    const auto to = parse_duration(end);
    if (!from || !to || *from >= *to || (!times.empty() && *from <= times.back().end_ns)) {
      return wrong(fmt::format("quiet from '{}' to '{}' makes no sense", begin, end),
                   "write times from the run's start, in order: quiet=30s-45s+90s-2m");
    }
    times.push_back({*from, *to});
  }
  return times;
}

Result<void> set(Pace& pace, std::string_view key, std::string_view text) {
  if (key == "quiet") {
    auto times = quiet_times(text);
    if (!times) return times.error();
    pace.quiet = std::move(*times);
    return {};
  }
  if (key == "group") {
    const std::vector<std::string> groups = {"all", "package", "fault"};
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (groups[i] != text) continue;
      pace.group = static_cast<Pace::Group>(i);
      return {};
    }
    return wrong(fmt::format("no group '{}'", text), did_you_mean(text, groups));
  }
  for (const auto& [name, place] : {std::pair{"mean", &Pace::gap_mean_ns},
                                    {"min", &Pace::gap_min_ns},
                                    {"lasts", &Pace::lasts_ns}}) {
    if (key != name) continue;
    const auto duration = positive_duration(key, text);
    if (!duration) return duration.error();
    pace.*place = *duration;
    return {};
  }
  return wrong(fmt::format("there is no '{}'", key), did_you_mean(key, pace_keys()));
}

}  // namespace

Result<Pace> parse_pace(const std::string& text, Nanos interval_ns, int overlap) {
  GAUNTLET_ASSERT(interval_ns > 0 && overlap > 0);
  Pace pace;
  pace.interval_ns = interval_ns;
  pace.overlap = overlap;
  std::string_view rest = text;
  const std::string_view kind = take_until(rest, ':');
  if (kind != "even" && kind != "random")
    return wrong(fmt::format("no kind '{}'", kind), did_you_mean(kind, {"even", "random"}));
  if (kind == "even") {
    if (rest.empty()) return pace;
    return wrong("an even one takes no parameters", "see --nemesis-interval, --nemesis-overlap");
  }
  pace.kind = Pace::Kind::random;
  pace.gap_mean_ns = 4 * interval_ns;
  pace.gap_min_ns = interval_ns;
  pace.lasts_ns = interval_ns;
  while (!rest.empty()) {
    std::string_view value = take_until(rest, ':');
    const std::string_view key = take_until(value, '=');
    if (const auto done = set(pace, key, value); !done) return done.error();
  }
  if (pace.gap_min_ns > pace.gap_mean_ns)
    return wrong("min is greater than mean", "give a mean of at least min");
  return pace;
}

Nanos draw_gap(const Pace& pace, Random& random) {
  const auto beyond = static_cast<double>(pace.gap_mean_ns - pace.gap_min_ns);
  return pace.gap_min_ns + static_cast<Nanos>(-std::log(1 - random.fraction()) * beyond);
}

Nanos draw_stretch(Nanos about_ns, Random& random) {
  return about_ns / 2 + static_cast<Nanos>(random.below(static_cast<std::uint64_t>(about_ns) + 1));
}

Nanos after_quiet(const Pace& pace, Nanos time_ns) {
  for (const auto& quiet : pace.quiet) {
    if (time_ns >= quiet.begin_ns && time_ns < quiet.end_ns) return quiet.end_ns;
  }
  return time_ns;
}

Nanos before_quiet(const Pace& pace, Nanos from_ns, Nanos time_ns) {
  for (const auto& quiet : pace.quiet) {
    if (quiet.begin_ns >= from_ns && quiet.begin_ns < time_ns) return quiet.begin_ns;
  }
  return time_ns;
}

}  // namespace gauntlet
