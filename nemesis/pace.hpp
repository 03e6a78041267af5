// The pace of a nemesis: how long quiet lasts and how long a fault, and how many at once.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"

namespace gauntlet {

/// Times are from the run's start. From `begin_ns` on, up to `end_ns`, no fault is in place.
struct QuietTime {
  Nanos begin_ns = 0, end_ns = 0;
};

/// Even: quiet and fault last about `interval_ns` each, from half to one and a half of it, and
/// `overlap` such series run beside each other. Random, in Chaos Monkey's manner: the time from one
/// injection to the next is at least `gap_min_ns` and on average `gap_mean_ns`, exponentially
/// distributed; each group of faults has a series of its own.
struct Pace {
  enum class Kind { even, random };
  enum class Group { all, package, fault };

  Kind kind = Kind::even;
  Nanos interval_ns = 0;                  ///< even; > 0
  int overlap = 1;                        ///< even; how many faults may be in place at once
  Nanos gap_mean_ns = 0, gap_min_ns = 0;  ///< random
  Nanos lasts_ns = 0;                     ///< random: about how long a fault lasts
  Group group = Group::all;               ///< random
  std::vector<QuietTime> quiet;           ///< random; in order, apart from each other
};

/// Reads "even" or "random:mean=20s:min=5s:lasts=5s:group=fault:quiet=30s-45s+90s-2m"; what is left
/// out is 4, 1 and 1 intervals, all, none. A usage error with a suggestion for anything else.
Result<Pace> parse_pace(const std::string& text, Nanos interval_ns, int overlap);

/// How long from an injection's start to the next one's.
Nanos draw_gap(const Pace& pace, Random& random);
/// From half to one and a half of `about_ns`.
Nanos draw_stretch(Nanos about_ns, Random& random);
/// `time_ns`, or the end of the quiet time that it falls into.
Nanos after_quiet(const Pace& pace, Nanos time_ns);
/// `time_ns`, or the begin of the first quiet time after `from_ns` if that comes before.
Nanos before_quiet(const Pace& pace, Nanos from_ns, Nanos time_ns);

}  // namespace gauntlet
