#include "reports/counts.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cmath>
#include <map>
#include <set>

namespace gauntlet {

namespace {

struct Tally {
  OutcomeCounts outcomes;
  std::vector<Nanos> latencies;
};

struct ErrorTally {
  std::size_t count = 0;
  Nanos first = 0;
  Nanos last = 0;
  std::set<std::string_view> functions;
  std::set<std::string_view> nodes;
};

std::string joined(const std::set<std::string_view>& names) {
  constexpr std::size_t names_max = 12;
  std::string out;
  std::size_t count = 0;
  for (const auto name : names) {
    if (!out.empty()) out += ", ";
    if (++count > names_max) return out + "...";
    out += name;
  }
  return out;
}

CountRow row_of(std::string_view name, Tally& tally) {
  return {std::string(name), tally.outcomes, quantiles(tally.latencies)};
}

}  // namespace

void OutcomeCounts::add(OperationType outcome) {
  switch (outcome) {
    case OperationType::ok:
      ++ok;
      return;
    case OperationType::fail:
      ++fail;
      return;
    case OperationType::info:
      ++info;
      return;
    case OperationType::invoke:
      ++open;
      return;
  }
}

LatencyQuantiles quantiles(std::vector<Nanos>& latencies) {
  if (latencies.empty()) return {};
  const auto at = [&](double share) {
    const auto rank = std::lround(share * static_cast<double>(latencies.size() - 1));
    const auto position = latencies.begin() + rank;
    std::nth_element(latencies.begin(), position, latencies.end());
    return *position;
  };
  return {at(0.5), at(0.95), at(0.99), at(1)};
}

OperationType outcome_of(const History& history, EventIndex invocation) {
  const EventIndex completion = history.partner(invocation);
  return completion == no_event ? OperationType::invoke : history.type(completion);
}

HistoryCounts count_operations(const History& history, const Timebase& timebase,
                               std::size_t rows_max) {
  HistoryCounts counts;
  std::vector<Tally> functions(history.function_count());
  boost::unordered_flat_map<std::string_view, Tally> nodes;
  std::map<std::pair<OperationType, std::string_view>, ErrorTally> errors;

  for (EventIndex i = 0; i < history.size(); ++i) {
    if (!history.is_client(i) || history.type(i) != OperationType::invoke) continue;
    const OperationType outcome = outcome_of(history, i);
    counts.total.add(outcome);
    Tally& function = functions[history.f(i)];
    function.outcomes.add(outcome);
    const Nanos latency = timebase.completed(i) - timebase.at(i);
    if (outcome == OperationType::ok) function.latencies.push_back(latency);
    if (!history.node(i).empty()) {
      Tally& node = nodes[history.node(i)];
      node.outcomes.add(outcome);
      if (outcome == OperationType::ok) node.latencies.push_back(latency);
    }
    if (outcome != OperationType::fail && outcome != OperationType::info) continue;
    const Nanos when = timebase.completed(i);
    ErrorTally& error = errors[{outcome, history.error(history.partner(i))}];
    if (error.count++ == 0) error.first = when;
    error.last = std::max(error.last, when);
    error.first = std::min(error.first, when);
    error.functions.insert(history.function_name(history.f(i)));
    if (!history.node(i).empty()) error.nodes.insert(history.node(i));
  }

  for (std::size_t f = 0; f < functions.size(); ++f) {
    if (functions[f].outcomes.total() == 0 || counts.functions.size() >= rows_max) continue;
    counts.functions.push_back(
        row_of(history.function_name(static_cast<FunctionId>(f)), functions[f]));
  }
  std::vector<std::string_view> names;
  for (const auto& [name, tally] : nodes)
    names.push_back(name);
  std::sort(names.begin(), names.end());
  names.resize(std::min(names.size(), rows_max));
  for (const auto name : names)
    counts.nodes.push_back(row_of(name, nodes[name]));

  counts.errors_total = errors.size();
  for (const auto& [what, error] : errors) {
    counts.errors.push_back({std::string(what.second.substr(0, 4000)), what.first, error.count,
                             error.first, error.last, joined(error.functions),
                             joined(error.nodes)});
  }
  std::stable_sort(counts.errors.begin(), counts.errors.end(),
                   [](const ErrorRow& a, const ErrorRow& b) { return a.count > b.count; });
  if (counts.errors.size() > rows_max) counts.errors.resize(rows_max);
  return counts;
}

}  // namespace gauntlet
