// Clocks of whole machines, as the controller sees them: whose may be set, and what they read
// against its own.
//
// The agent refuses on what is no machine of its own (nemesis/agent/own_machine.hpp). Only from
// here is seen that a node has the controller's kernel, or two nodes have the same. Every doubt
// counts as a no.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "history/value.hpp"
#include "nemesis/agent_links.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/node_names.hpp"

namespace gauntlet {

/// What an agent answers, and how that compares with the controller's clocks.
struct MachineReading {
  std::string boot;       ///< tells this boot of the kernel from all others
  Nanos up_ahead_ns = 0;  ///< its time since boot, less the controller's
  Nanos ahead_ns = 0;     ///< its wall clock, less the controller's
  Nanos within_ns = 0;    ///< how far both may be wrong: half the way there and back
  Nanos off_ns = 0;       ///< how far the agent has put the clock off, read back on the node
  std::string refusal;    ///< why it may not be set; empty if it may
};

Result<MachineReading> read_machine(AgentLinks& agents, Node& node);

/// This controller's kernel.
std::string controller_boot();

/// Why no clock of these may be set; nullopt if they may. By node name, all of the cluster.
std::optional<std::string> machines_refusal(const std::map<std::string, MachineReading>& readings,
                                            const std::string& controller_boot);

/// A machine before a fault, as a plan remembers it.
struct MachineBefore {
  std::string boot;
  Nanos ahead_ns = 0, within_ns = 0;
};

/// Of the nodes of these names, after asking all nodes of the cluster; an error where one may not
/// be touched.
Result<std::map<std::string, MachineBefore>> machines_before(const FaultContext& context,
                                                             const NodeNames& names);
Value to_value(const std::map<std::string, MachineBefore>& machines);
/// What makes no sense is left out.
std::map<std::string, MachineBefore> machines_from(const Value* value);

/// Whether a machine's clock is off as the agent says, by the controller's own clock; one that
/// strobes is looked at until it is, for 2 s at most.
FaultOutcome prove_off(AgentLinks& agents, Node& node, const MachineBefore& before);

/// After the agent's heal: by how much a machine's clock differs from what it was. A machine that
/// was started again has lost its reference, and is set by the controller's clock.
Result<std::string> prove_right(AgentLinks& agents, Node& node, const MachineBefore& before);

}  // namespace gauntlet
