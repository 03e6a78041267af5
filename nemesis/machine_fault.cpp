#include "nemesis/machine_fault.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "nemesis/data_disk.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/typed_parameter.hpp"
#include "nemesis/wording.hpp"

namespace gauntlet {

std::optional<std::string> no_machines(const FaultContext& context) {
  if (context.cluster->machines() != nullptr) return std::nullopt;
  return fmt::format("nodes of the provider {} cannot be acted upon from outside",
                     context.cluster->provider());
}

std::string told_of_each(const std::vector<Node*>& nodes,
                         const std::vector<Result<std::string>>& answers) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    lines.push_back(answers[i] ? fmt::format("{} {}", nodes[i]->name(), *answers[i])
                               : told_of(nodes[i]->name(), answers[i].error()));
  }
  return fmt::format("{}", fmt::join(lines, "; "));
}

std::size_t successes(const std::vector<Result<std::string>>& answers) {
  return static_cast<std::size_t>(
      std::ranges::count_if(answers, [](const auto& one) { return one.has_value(); }));
}

Result<void> MachineFault::check(const Value& parameters,
                                 const std::vector<std::string>& nodes) const {
  return check_targets(text_from(parameters, "targets", "any"), nodes);
}

std::optional<std::string> MachineFault::unsupported(const FaultContext& context) const {
  return no_machines(context);
}

Result<NodeNames> MachineFault::choose(const FaultContext& context, const Value& parameters,
                                       Random& random) {
  NodeNames among;
  if (context.database != nullptr)
    among = nodes_with_processes(*context.cluster, *context.database);
  if (among.empty()) among = node_names(*context.cluster);
  return choose_targets(text_from(parameters, "targets", "any"), context, random, among);
}

Result<NodeNames> MachineFault::disks_of(const FaultContext& context, const NodeNames& targets) {
  NodeNames disks;
  const auto folder = context.database != nullptr ? context.database->data_folder() : std::nullopt;
  if (!folder) return disks;
  for (Node* node : nodes_named(*context.cluster, targets)) {
    const auto mounted = data_disk_mounted(*node, *folder);
    if (!mounted) return mounted.error();
    if (*mounted) disks.push_back(node->name());
  }
  return disks;
}

bool MachineFault::had_disk(const Value& plan, const Node& node) {
  return std::ranges::count(names_from(plan.find("disks")), node.name()) > 0;
}

std::vector<Node*> MachineFault::targets_of(const FaultContext& context, const Value& plan) {
  return nodes_named(*context.cluster, names_from(plan.find("targets")));
}

}  // namespace gauntlet
