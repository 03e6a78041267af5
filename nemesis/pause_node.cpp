// Pause of a node: all of its machine stands still, later it goes on.
//
// Unlike a pause of the database's processes its kernel's timers of them, its agent and its sshd
// stand still as well; connections stay open, and the kernel still acknowledges what comes in. So
// do virtual machines that are moved to another host, or laptops that fall asleep.
#include <fmt/format.h>

#include "nemesis/bring_back.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/machine_fault.hpp"

namespace gauntlet {

namespace {

class PauseNode : public MachineFault {
 public:
  std::string_view name() const override { return "pause-node"; }
  std::string_view description() const override {
    return "whole nodes stand still (their cgroup is frozen), later they go on";
  }
  std::string_view proof() const override { return "the state of the container is paused"; }

  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override {
    const auto targets = choose(context, parameters, random);
    if (!targets) return targets.error();
    return Value::map({{"targets", to_value(*targets)}});
  }

  FaultOutcome inject(const FaultContext& context, const Value& plan) const override {
    if (auto why = no_machines(context)) return {false, "", *why};
    const auto nodes = targets_of(context, plan);
    const auto paused = on_each<std::string>(nodes, [&](Node& node) -> Result<std::string> {
      if (auto done = context.cluster->machines()->pause(node); !done) return done.error();
      return std::string("is paused");
    });
    return {successes(paused) > 0, told_of_each(nodes, paused), {}};
  }

  FaultOutcome heal(const FaultContext& context, const Value& plan) const override {
    const auto nodes = targets_of(context, plan);
    const auto back = on_each<std::string>(nodes, [&](Node& node) -> Result<std::string> {
      const auto done = bring_machine_back(*context.cluster, node);
      if (!done) return done.error();
      return done->empty() ? "runs" : *done + " and answers";
    });
    return {successes(back) == nodes.size(), told_of_each(nodes, back), {}};
  }

  Result<std::string> residue(const FaultContext& context, Node& node) const override {
    if (context.cluster->machines() == nullptr) return std::string();
    const auto status = context.cluster->machines()->status(node);
    if (!status) return status.error();
    return std::string(status->state == MachineState::paused ? "the node is paused" : "");
  }
  Result<void> clear(const FaultContext& context, Node& node) const override {
    const auto back = bring_machine_back(*context.cluster, node);
    return back ? Result<void>() : back.error();
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, PauseNode);

}  // namespace gauntlet
