#include "checker/staleness/staleness.hpp"

#include <algorithm>

#include "checker/linearizable/register_part.hpp"
#include "checker/staleness/accesses.hpp"
#include "checker/staleness/delta_atomicity.hpp"
#include "checker/staleness/k_atomicity.hpp"
#include "checker/staleness/read_lags.hpp"

namespace gauntlet {

namespace {

using namespace staleness;

/// What the tables below take, at most, for each event of a part.
constexpr std::size_t bytes_an_event = 80;

void measure_lags(const Accesses& accesses, Staleness& result, Effort& effort) {
  const std::vector<StaleRead> stale = stale_reads(accesses, effort);
  result.stale = stale.size();
  for (const StaleRead& s : stale)
    result.versions_max = std::max(result.versions_max, s.versions);
  if (!result.has_times) return;
  const auto time_ns = [&](Moment moment) {
    return accesses.times_ns[static_cast<std::size_t>(moment)];
  };
  result.lags_ns.reserve(stale.size());
  for (const StaleRead& s : stale) {
    const Nanos lag_ns = time_ns(accesses.reads[s.read].begin) - time_ns(s.overwritten);
    result.lags_ns.push_back(lag_ns);
    // The read has to begin before its value was overwritten.
    result.delta_ns.least = std::max(result.delta_ns.least, lag_ns);
  }
}

/// With unique values the zones are those of every order: what they need is needed. Otherwise they
/// are those of some orders: what they need is enough.
void measure_zones(const Accesses& accesses, Staleness& result, Effort& effort) {
  const std::vector<Zone> zones = zones_of(accesses, effort);
  if (effort.exhausted()) return;
  const bool are_needed = accesses.unique_values;
  const bool are_enough = !accesses.only_bounds;
  if (result.has_times) {
    const Nanos delta_ns = delta_of(zones, accesses.times_ns);
    if (are_needed) result.delta_ns.least = std::max(result.delta_ns.least, delta_ns);
    if (are_enough) result.delta_ns.most = std::max(result.delta_ns.least, delta_ns);
  }
  const WriteOrderProblem problem = write_order_problem(zones, accesses.moments);
  const std::uint32_t upper = k_upper_bound(problem, result.k.least);
  const bool is_two = upper <= 2 || is_two_atomic(problem);
  if (are_needed) {
    result.k.least = std::max(result.k.least, upper == 1 ? 1u : is_two ? 2u : 3u);
  }
  if (are_enough) result.k.most = std::max(result.k.least, is_two ? std::min(upper, 2u) : upper);
}

}  // namespace

std::optional<Staleness> measure_staleness(const Part& part, Validity validity,
                                           const Budget& budget) {
  Staleness result;
  result.k.least = 1;
  if (validity == Validity::valid) {
    result.reads = count_reads(part);
    result.has_times = part.history->has_times();
    result.delta_ns.most = 0;
    result.k.most = 1;
    result.is_two_atomic = true;
    return result;
  }
  Effort effort(budget);
  if (effort.exhausted() || !effort.allows(part.events.size() * bytes_an_event)) {
    return std::nullopt;
  }
  const Accesses accesses = accesses_of(part, effort);
  if (effort.exhausted()) return std::nullopt;
  result.reads = accesses.reads.size() + accesses.unexplained;
  result.unexplained = accesses.unexplained;
  result.has_times = part.history->has_times() &&
                     accesses.times_ns.size() == static_cast<std::size_t>(accesses.moments);
  measure_lags(accesses, result, effort);
  if (effort.exhausted()) return std::nullopt;
  result.k.least += result.versions_max;
  // There is a violation, and unexplained reads did not make it.
  if (validity == Validity::invalid && accesses.unexplained == 0) {
    result.k.least = std::max(result.k.least, 2u);
  }
  if (accesses.unique_values || !accesses.only_bounds) measure_zones(accesses, result, effort);
  if (effort.exhausted()) return std::nullopt;
  if (result.k.least > 2) {
    result.is_two_atomic = false;
  } else if (result.k.most && *result.k.most <= 2) {
    result.is_two_atomic = true;
  }
  return result;
}

}  // namespace gauntlet
