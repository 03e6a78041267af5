#include "reports/rates.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace gauntlet {

Nanos round_width(Nanos span, std::size_t parts_max) {
  GAUNTLET_ASSERT(parts_max > 0);
  const Nanos least = span / static_cast<Nanos>(parts_max) + 1;
  for (Nanos power = 1;; power *= 10) {
    for (const Nanos factor : {1, 2, 5}) {
      if (power * factor >= least) return power * factor;
    }
  }
}

Rates rates_over_time(const History& history, const Timebase& timebase, std::size_t bins_max) {
  Rates rates;
  rates.bin_width = round_width(timebase.end(), bins_max);
  rates.bins.resize(static_cast<std::size_t>(timebase.end() / rates.bin_width) + 1);
  GAUNTLET_ASSERT(rates.bins.size() <= bins_max + 1);
  const auto bin_of = [&](Nanos at) {
    const Nanos bin = std::max<Nanos>(at, 0) / rates.bin_width;
    return std::min(static_cast<std::size_t>(bin), rates.bins.size() - 1);
  };

  std::vector<std::vector<Nanos>> latencies(rates.bins.size());
  for (EventIndex i = 0; i < history.size(); ++i) {
    if (!history.is_client(i) || history.type(i) != OperationType::invoke) continue;
    const OperationType outcome = outcome_of(history, i);
    const Nanos end = timebase.completed(i);
    RateBin& bin = rates.bins[bin_of(end)];
    if (outcome == OperationType::ok) ++bin.ok;
    if (outcome == OperationType::fail) ++bin.fail;
    if (outcome == OperationType::info) ++bin.info;
    if (outcome == OperationType::ok) {
      latencies[bin_of(timebase.at(i))].push_back(end - timebase.at(i));
    }
  }

  for (std::size_t bin = 0; bin < rates.bins.size(); ++bin) {
    rates.bins[bin].latencies = latencies[bin].size();
    rates.bins[bin].latency = quantiles(latencies[bin]);
  }
  return rates;
}

}  // namespace gauntlet
