// What faults on whole machines share: targets, what the provider must be able to do, and the heal
// that brings machines back before anything is asked of them.
#pragma once

#include "nemesis/fault.hpp"
#include "nemesis/node_names.hpp"
#include "nemesis/targets.hpp"

namespace gauntlet {

class MachineFault : public Fault {
 public:
  std::vector<std::string_view> packages() const override { return {"crash"}; }
  std::string_view needs() const override { return "nodes that are containers"; }
  bool takes_nodes_away() const override { return true; }
  std::vector<FaultParameter> parameters() const override {
    return {{"targets", "any", "which nodes: " + target_words()}};
  }
  Result<void> check(const Value& parameters, const std::vector<std::string>& nodes) const override;
  std::optional<std::string> unsupported(const FaultContext& context) const override;

 protected:
  /// Drawn from the nodes where the database has processes, or all where it tells of none.
  static Result<NodeNames> choose(const FaultContext& context, const Value& parameters,
                                  Random& random);
  /// Those of `targets` whose data are on our file system, which a restart takes away.
  static Result<NodeNames> disks_of(const FaultContext& context, const NodeNames& targets);
  /// Whether the plan's "disks", those names, have the node.
  static bool had_disk(const Value& plan, const Node& node);
  static std::vector<Node*> targets_of(const FaultContext& context, const Value& plan);
};

/// Why the machines of this cluster cannot be acted upon; nullopt if they can.
std::optional<std::string> no_machines(const FaultContext& context);

/// "n1 was paused; n2: connection lost" from what nodes answered, in their order.
std::string told_of_each(const std::vector<Node*>& nodes,
                         const std::vector<Result<std::string>>& answers);
/// How many succeeded.
std::size_t successes(const std::vector<Result<std::string>>& answers);

}  // namespace gauntlet
