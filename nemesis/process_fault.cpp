#include "nemesis/process_fault.hpp"

#include <fmt/ranges.h>

namespace gauntlet {

Result<Value> ProcessFault::prepare(const FaultContext& context, const Value& parameters,
                                    Random& random) const {
  const auto targets = choose_targets(targets_text(parameters), context, random,
                                      nodes_with_processes(*context.cluster, *context.database));
  if (!targets) return targets.error();
  const auto processes =
      running_processes(*context.database, nodes_named(*context.cluster, *targets));
  if (!processes) return processes.error();
  return Value::map({{"targets", to_value(common_of(*targets, names_of(*processes)))},
                     {"processes", to_value(*processes)}});
}

std::string ProcessFault::text_of_targets(const Value& plan) {
  return fmt::format("{}", fmt::join(names_from(plan.find("targets")), " "));
}

std::string ProcessFault::targets_text(const Value& parameters) {
  const Value* targets = parameters.find("targets");
  return targets != nullptr && targets->is_string() ? targets->string() : "any";
}

}  // namespace gauntlet
