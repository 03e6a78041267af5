#include "nemesis/end_fault.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nemesis/bring_back.hpp"

namespace gauntlet {

FaultOutcome EndFault::inject(const FaultContext& context, const Value& plan) const {
  if (context.database == nullptr) return {false, "the database is not known", {}};
  ProcessesOfNodes processes = processes_from(plan.find("processes"));
  const auto nodes = nodes_named(*context.cluster, names_of(processes));
  const auto take = [&](Node& node) -> Result<std::string> {
    const auto done = end(*context.database, node, plan);
    if (!done) return done.error();
    auto state = signal_processes(node, processes[node.name()], ProcessSignal::none);
    if (!state || !starts_at_once()) return state;
    const auto running = start_on(context, node);
    if (!running) return running.error();
    return state;
  };
  std::vector<Result<std::string>> states;
  if (one_by_one()) {
    for (Node* node : nodes)
      states.push_back(take(*node));
  } else {
    states = on_each<std::string>(nodes, take);
  }
  std::int64_t gone = 0, alive = 0;
  for (const auto& one : states) {
    if (!one) continue;
    const auto here = std::ranges::count(*one, '-');
    gone += here;
    alive += std::ssize(*one) - here;
  }
  std::string evidence = fmt::format("{}: {} {}", text_of_targets(plan),
                                     counted(gone, "process", "processes"), ended());
  if (alive > 0) evidence += fmt::format(", {} still alive", alive);
  if (starts_at_once() && gone > 0) evidence += ", started again";
  return {gone > 0, evidence + failures_of(context, plan, nodes, states), {}};
}

FaultOutcome EndFault::heal(const FaultContext& context, const Value& plan) const {
  if (context.database == nullptr) return {false, "the database is not known", {}};
  const auto nodes =
      nodes_named(*context.cluster, names_of(processes_from(plan.find("processes"))));
  const auto running = on_each<std::vector<RecordedProcess>>(
      nodes, [&](Node& node) { return start_on(context, node); });
  const auto up = std::ranges::count_if(
      running, [](const auto& one) { return one.has_value() && !one->empty(); });
  const std::string failures = failures_of(context, plan, nodes, running);
  return {failures.empty(),
          fmt::format("{}: runs again on {}{}{}", text_of_targets(plan), counted(up, "node"),
                      told_of_kept_dead(context, nodes), failures),
          {}};
}

}  // namespace gauntlet
