// Healing from outside: what a ledger says is in place, and what is found on the nodes.
//
// For `gauntlet heal`, for the start of a run and for the end of an interrupted one; works from a
// fresh process, since plans say all that heals need.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nemesis/fault.hpp"
#include "nemesis/ledger.hpp"

namespace gauntlet {

struct HealSummary {
  std::vector<std::string> healed;   ///< one line each: the fault and what its heal was seen to do
  std::vector<std::string> removed;  ///< what was found on nodes without a ledger, and removed
  std::vector<std::string> failed;   ///< what could not be healed or looked at, and why

  bool clean() const { return failed.empty(); }
};

struct FaultInPlace {
  std::int64_t id = 0;  ///< in the ledger
  const Fault* fault = nullptr;
  Value plan;
};

/// Ids in the order in which to heal them: newest first, but what takes nodes away before all
/// others, whose heals run commands there. `in_place`: oldest first.
std::vector<std::int64_t> healing_order(const std::vector<FaultInPlace>& in_place);

/// Heals one of those in place, and takes it out if that succeeds; retries for a few seconds. What
/// the others keep dead stays dead. Requires that it is there.
FaultOutcome heal_one(std::vector<FaultInPlace>& in_place, std::int64_t id, FaultContext context);

/// Resumes and starts the machines of nodes that are paused or off, where the provider can: before
/// nodes are locked, since nothing can be asked of them. Waits until they answer.
HealSummary bring_machines_back(const Cluster& cluster);

/// Heals every fault that the ledger says is in place, newest first (but what takes nodes away
/// before all others), notes it in the ledger, then sweeps. Errors are those of reading the ledger;
/// everything else is in the summary. Idempotent.
Result<HealSummary> heal_from_ledger(const std::string& path, const FaultContext& context);

/// Looks on every node for what any fault may have left, whoever injected it, and removes it. Not
/// while a run is under way on these nodes. `context.database` may be nullptr: then stopped
/// processes are not found.
HealSummary sweep(const FaultContext& context);

}  // namespace gauntlet
