#include "checker/staleness/staleness.hpp"

#include <algorithm>
#include <numeric>

#include "checker/linearizable/register/register_part.hpp"
#include "checker/staleness/accesses.hpp"
#include "checker/staleness/delta_atomicity.hpp"
#include "checker/staleness/k_atomicity.hpp"
#include "checker/staleness/moved_reads.hpp"
#include "checker/staleness/read_lags.hpp"

namespace gauntlet {

namespace {

using namespace staleness;

/// How often a part is judged to find an order.
constexpr std::size_t judgements_max_of_part = 24;

/// What the tables below take, at most, for each event of a part.
constexpr std::size_t bytes_an_event = 48;

void note_lags(const Accesses& accesses, const std::vector<StaleRead>& stale, Staleness& result) {
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

/// The places of zones in an order of writes; those of writes that are not in it come last.
std::vector<std::uint32_t> order_of_zones(const std::vector<Zone>& zones,
                                          const std::vector<WriteId>& order, std::size_t writes) {
  std::vector<std::size_t> place(writes, order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    place[order[i]] = i;
  std::vector<std::uint32_t> result(zones.size());
  std::iota(result.begin(), result.end(), 0);
  std::stable_sort(result.begin(), result.end(), [&](std::uint32_t a, std::uint32_t b) {
    return place[zones[a].write] < place[zones[b].write];
  });
  return result;
}

/// With unique values the zones are those of every order: what they need is needed. Otherwise they
/// are those of some orders: what they need is enough.
void measure_zones(const Accesses& accesses, const std::optional<MovedReadsOrder>& order,
                   Staleness& result, Effort& effort) {
  const auto zones = zones_of(accesses, order ? order->ascribed : ascribe(accesses, effort));
  if (effort.exhausted()) return;
  if (result.has_times) {
    const Nanos delta_ns = delta_of(zones, accesses.times_ns);
    if (accesses.unique_values) result.delta_ns.least = std::max(result.delta_ns.least, delta_ns);
    result.delta_ns.most = std::max(result.delta_ns.least, delta_ns);
  }
  const WriteOrderProblem problem = write_order_problem(zones, accesses.moments);
  std::uint32_t upper = k_upper_bound(problem, result.k.least);
  if (order) {
    const auto places = order_of_zones(zones, order->writes, accesses.writes.size());
    upper = std::min(upper, k_of_order(problem, places).value_or(upper));
  }
  if (upper > 2 && is_two_atomic(problem)) upper = 2;
  if (accesses.unique_values) result.k.least = std::max(result.k.least, std::min(upper, 3u));
  result.k.most = std::max(result.k.least, upper);
}

}  // namespace

std::optional<Staleness> measure_staleness(const Part& part, Validity validity,
                                           std::size_t judged_max, const Budget& budget) {
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
  const std::vector<StaleRead> stale = stale_reads(accesses, effort);
  if (effort.exhausted()) return std::nullopt;
  note_lags(accesses, stale, result);
  result.k.least += result.versions_max;
  // There is a violation, and it is one of the history that is measured.
  if (validity == Validity::invalid && accesses.unexplained == 0 && accesses.is_plain) {
    result.k.least = std::max(result.k.least, 2u);
  }
  MovedReads moved;
  if (!accesses.unique_values) {
    const std::size_t size = accesses.writes.size() + accesses.reads.size();
    const std::size_t judgements_max = std::min(judgements_max_of_part, judged_max / size);
    moved = order_with_moved_reads(part, accesses, stale, judgements_max, budget);
    if (moved.must_move) result.k.least = std::max(result.k.least, 2u);
  }
  measure_zones(accesses, moved.order, result, effort);
  if (effort.exhausted()) return std::nullopt;
  if (result.k.least > 2) {
    result.is_two_atomic = false;
  } else if (result.k.most && *result.k.most <= 2) {
    result.is_two_atomic = true;
  }
  return result;
}

}  // namespace gauntlet
