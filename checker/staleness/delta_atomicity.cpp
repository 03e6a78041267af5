// Golab, Li and Shah, "Analyzing consistency properties for fun and profit", PODC 2011: a history
// is delta-atomic if it is atomic after the beginnings of all reads are moved earlier by delta. The
// theorem of the zones (see linearizable/zones.cpp) holds for the moved history, too, as a read
// still ends after the write of its value began. So the question is for which D no two zones
// conflict. Let w, f and r be the times of a zone's write invocation, first return and last read
// invocation, and s(D) = max(w, r - D). Zones i and j conflict at D if
//
//   f(i) < s(j)(D)  and  f(j) < s(i)(D),
//
// that is, if each must stand before the other. Growing D ends conflicts and begins none. The two
// stop conflicting at the smaller of r(j) - f(i), which does not help if f(i) < w(j), and
// r(i) - f(j), which does not help if f(j) < w(i). One of the two always helps: if not, then f(i) <
// w(j) <= f(j) < w(i) <= f(i).
//
// The answer is the greatest such D over all pairs; but it is enough to go through the zones in the
// order of f and to look, for each j, at one earlier zone: the i with the greatest r. Claim: if the
// zones before j do not conflict at D, and some i' of them conflicts with j at D, then i does. For
// i' earlier than j, f(j) < s(i')(D) cannot be due to w(i') <= f(i') <= f(j), so r(i') - D > f(j),
// and hence r(i) - D >= r(i') - D > f(j) >= f(i), f(i'). If i were not i', then f(i) < s(i')(D) and
// f(i') < s(i)(D): these two would conflict, against the assumption. So i is i'. Raising D to what
// the pair of i and j needs ends the conflicts of j with all earlier zones: those before j do not
// conflict at the greater D either, and by the claim the one that might conflict with j is i.
//
// Where several events have the same time, a history may be delta-atomic for D = 0 and yet not be
// atomic: clocks too coarse to tell.
#include "checker/staleness/delta_atomicity.hpp"

#include <algorithm>
#include <limits>

namespace gauntlet::staleness {

Nanos delta_of(const std::vector<Zone>& zones, const std::vector<Nanos>& times_ns) {
  // Half the range, so that differences do not overflow.
  constexpr Nanos before_all_times = std::numeric_limits<Nanos>::min() / 4;
  constexpr Nanos does_not_help = std::numeric_limits<Nanos>::max();
  const auto time_ns = [&](Moment moment) {
    return moment < 0 ? before_all_times : times_ns[static_cast<std::size_t>(moment)];
  };
  Nanos delta_ns = 0;
  Nanos latest_ns = before_all_times;  // the greatest r so far,
  Nanos latest_return_ns = 0;          // and the first return in its zone
  bool is_first = true;
  for (const Zone& zone : zones) {
    const Nanos begin_ns = time_ns(zone.begin);
    const Nanos return_ns = time_ns(zone.first_return);
    const Nanos read_ns = time_ns(zone.last_invocation);
    const Nanos start_ns = std::max(begin_ns, read_ns - delta_ns);
    if (!is_first && latest_return_ns < start_ns && return_ns < latest_ns - delta_ns) {
      const Nanos by_moving_this =
          latest_return_ns < begin_ns ? does_not_help : read_ns - latest_return_ns;
      delta_ns = std::max(delta_ns, std::min(by_moving_this, latest_ns - return_ns));
    }
    if (is_first || read_ns > latest_ns) {
      latest_ns = read_ns;
      latest_return_ns = return_ns;
      is_first = false;
    }
  }
  return delta_ns;
}

}  // namespace gauntlet::staleness
