#include "reports/losses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>

#include "reports/text.hpp"

namespace gauntlet {

Losses losses_of(const History& history, const Verdict& verdict, const Timebase& timebase,
                 std::size_t bars) {
  Losses losses;
  const Value* indices = verdict.statistics.find("lost_adds");
  if (indices == nullptr || !indices->is_list()) return losses;
  boost::unordered_flat_set<std::int64_t> lost_adds;
  for (const Value& index : indices->items()) {
    if (index.is_integer()) lost_adds.insert(index.integer());
  }
  losses.bars.resize(bars);
  const auto end = static_cast<double>(std::max<Nanos>(timebase.end(), 1));
  const FunctionId add = history.find_function("add");
  for (EventIndex i = 0; i < history.size(); ++i) {
    if (!history.is_client(i) || history.type(i) != OperationType::invoke || history.f(i) != add)
      continue;
    const EventIndex done = history.partner(i);
    if (done == no_event || history.type(done) != OperationType::ok) continue;
    const Nanos at = timebase.completed(i);
    const bool is_lost = lost_adds.contains(history.index(i));
    const auto bar =
        static_cast<std::size_t>(static_cast<double>(at) / end * static_cast<double>(bars));
    const auto count = [&](Losses::Count& counts) {
      ++counts.acknowledged;
      counts.lost += is_lost ? 1 : 0;
    };
    count(losses.bars[std::min(bar, bars - 1)]);
    if (!history.node(i).empty()) count(losses.nodes[std::string(history.node(i))]);
    if (is_lost) {
      losses.first = losses.all.lost == 0 ? at : std::min(losses.first, at);
      losses.last = std::max(losses.last, at);
    }
    count(losses.all);
  }
  return losses;
}

std::string losses_line(const Losses& losses, const Timebase& timebase) {
  const auto& [acknowledged, lost] = losses.all;
  return fmt::format("{} of {} acknowledged elements ({}), acknowledged between {} and {}",
                     grouped(lost), grouped(acknowledged), percentage(lost, acknowledged),
                     timebase.moment(losses.first), timebase.moment(losses.last));
}

}  // namespace gauntlet
