// Restart of a node: its machine is turned off at once, and on again; then the database is started.
//
// All processes die together, memory files and firewall rules are gone, connections break; files
// stay as they were written, synced or not (for what was not synced there is power-failure). The
// node keeps its address and its host key.
#include <fmt/format.h>

#include "nemesis/bring_back.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/machine_fault.hpp"
#include "nemesis/typed_parameter.hpp"

namespace gauntlet {

namespace {

ChoiceParameter back() {
  return {"back", "at-once", {"at-once", "at-heal"}, "when the node is turned on again"};
}

class RestartNode : public MachineFault {
 public:
  std::string_view name() const override { return "restart-node"; }
  std::string_view description() const override {
    return "whole nodes are turned off and on; at the heal the database is started";
  }
  std::string_view proof() const override { return "the container was started at another time"; }
  std::vector<FaultParameter> parameters() const override {
    auto all = MachineFault::parameters();
    all.push_back(to_parameter(back()));
    return all;
  }
  Result<void> check(const Value& parameters,
                     const std::vector<std::string>& nodes) const override {
    if (auto sound = check_choices(parameters, {back()}); !sound) return sound;
    return MachineFault::check(parameters, nodes);
  }

  /// The plan: "targets", "back", "started_at" by node, and "disks": the targets whose data are on
  /// our file system.
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override {
    const auto targets = choose(context, parameters, random);
    if (!targets) return targets.error();
    Value started_at = Value::map({});
    for (Node* node : nodes_named(*context.cluster, *targets)) {
      const auto status = context.cluster->machines()->status(*node);
      if (!status) return status.error();
      started_at.set(node->name(), status->started_at);
    }
    const auto disks = disks_of(context, *targets);
    if (!disks) return disks.error();
    Value plan = Value::map({{"targets", to_value(*targets)},
                             {"started_at", std::move(started_at)},
                             {"disks", to_value(*disks)}});
    put_choices(plan, parameters, {back()});
    return plan;
  }

  std::vector<std::string> keeps_dead(const Value& plan) const override {
    return names_from(plan.find("targets"));
  }

  FaultOutcome inject(const FaultContext& context, const Value& plan) const override {
    if (auto why = no_machines(context)) return {false, "", *why};
    const bool at_once = text_from(plan, "back", "at-once") == "at-once";
    const auto nodes = targets_of(context, plan);
    const auto done = on_each<std::string>(
        nodes, [&](Node& node) { return restart(context, node, plan, at_once); });
    return {successes(done) > 0, told_of_each(nodes, done), {}};
  }

  FaultOutcome heal(const FaultContext& context, const Value& plan) const override {
    if (context.database == nullptr) return {false, "the database is not known", {}};
    const auto nodes = targets_of(context, plan);
    const auto up = on_each<std::string>(nodes, [&](Node& node) -> Result<std::string> {
      const auto machine = bring_machine_back(*context.cluster, node);
      if (!machine) return machine.error();
      const auto running = start_on_disk(context, node, had_disk(plan, node));
      if (!running) return running.error();
      return std::string(running->empty() ? "runs again" : "and its database run again");
    });
    return {successes(up) == nodes.size(), told_of_each(nodes, up), {}};
  }

  Result<std::string> residue(const FaultContext& context, Node& node) const override {
    if (context.cluster->machines() == nullptr) return std::string();
    const auto status = context.cluster->machines()->status(node);
    if (!status) return status.error();
    return std::string(status->state == MachineState::off ? "the node is off" : "");
  }
  Result<void> clear(const FaultContext& context, Node& node) const override {
    const auto up = bring_machine_back(*context.cluster, node);
    return up ? Result<void>() : up.error();
  }

 private:
  /// Not again where it has been done: then the machine was started at another time than planned.
  static Result<std::string> restart(const FaultContext& context, Node& node, const Value& plan,
                                     bool at_once) {
    Machines& machines = *context.cluster->machines();
    auto status = machines.status(node);
    if (!status) return status.error();
    const Value* const planned = plan.find("started_at");
    const std::string before = planned != nullptr ? text_from(*planned, node.name(), "") : "";
    if (status->started_at == before) {
      if (auto off = machines.turn_off(node); !off) return off.error();
    }
    if (!at_once) return std::string("is off");
    if (const auto up = bring_machine_back(*context.cluster, node); !up) return up.error();
    if (context.database != nullptr) {
      const auto mounted = mount_again(*context.database, node, had_disk(plan, node));
      if (!mounted) return mounted.error();
    }
    status = machines.status(node);
    if (!status) return status.error();
    if (status->started_at == before) return failure(ErrorKind::remote, "it did not restart");
    return fmt::format("was restarted (at {}, before at {})", status->started_at, before);
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, RestartNode);

}  // namespace gauntlet
