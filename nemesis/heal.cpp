#include "nemesis/heal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>

#include "base/assert.hpp"
#include "nemesis/bring_back.hpp"
#include "nemesis/remembering_node.hpp"
#include "nemesis/wording.hpp"

namespace gauntlet {

namespace {

/// What a sweep of one node came to.
struct NodeSweep {
  std::vector<std::string> removed;
  std::vector<std::string> failed;
};

/// `seen` is `node` as it was looked at for the faults before.
void sweep_fault(const Fault& fault, const FaultContext& context, Node& node, RememberingNode& seen,
                 NodeSweep& sweep) {
  const auto failed = [&](const std::string& why) {
    sweep.failed.push_back(fmt::format("{} on {}: {}", fault.name(), node.name(), why));
  };
  const auto found = fault.residue(context, seen);
  if (!found) return failed(found.error().what);
  if (found->empty()) return;
  seen.forget();
  if (const auto cleared = fault.clear(context, node); !cleared)
    return failed(cleared.error().what);
  const auto left = fault.residue(context, seen);
  if (!left) return failed(left.error().what);
  if (!left->empty()) return failed("cannot be removed: " + *left);
  sweep.removed.push_back(fmt::format("{} on {}: {}", fault.name(), node.name(), *found));
}

/// Machines first, since of one that stands still nothing else can be asked.
std::vector<const Fault*> sweep_order() {
  auto faults = FaultRegistry::instance().all();
  std::stable_partition(faults.begin(), faults.end(),
                        [](const Fault* fault) { return fault->takes_nodes_away(); });
  return faults;
}

}  // namespace

std::vector<std::int64_t> healing_order(const std::vector<FaultInPlace>& in_place) {
  std::vector<std::int64_t> ids;
  for (const bool away : {true, false}) {
    for (auto at = in_place.rbegin(); at != in_place.rend(); ++at) {
      if (at->fault->takes_nodes_away() == away) ids.push_back(at->id);
    }
  }
  return ids;
}

FaultOutcome heal_one(std::vector<FaultInPlace>& in_place, std::int64_t id, FaultContext context) {
  constexpr int attempts_max = 4;
  const auto at = std::ranges::find(in_place, id, &FaultInPlace::id);
  GAUNTLET_ASSERT(at != in_place.end());
  for (const auto& other : in_place) {
    if (other.id != id)
      std::ranges::copy(other.fault->keeps_dead(other.plan), std::back_inserter(context.kept_dead));
  }
  for (int attempt = 1;; ++attempt) {
    FaultOutcome outcome = at->fault->heal(context, at->plan);
    if (outcome.took_effect) in_place.erase(at);
    if (outcome.took_effect || attempt == attempts_max) return outcome;
    std::this_thread::sleep_for(std::chrono::milliseconds(250) * (1 << attempt));
  }
}

Result<HealSummary> heal_from_ledger(const std::string& path, const FaultContext& context) {
  const auto entries = FaultLedger::read(path);
  if (!entries) return entries.error();
  HealSummary summary;
  const auto name_of = [&](std::int64_t id) {
    const auto at = std::ranges::find(*entries, id, &LedgerEntry::id);
    return fmt::format("{} (fault {})", at->fault, id);
  };
  std::vector<FaultInPlace> in_place;
  for (const LedgerEntry& entry : *entries) {
    if (entry.healed) continue;
    const Fault* fault = FaultRegistry::instance().find(entry.fault);
    if (fault != nullptr) in_place.push_back({entry.id, fault, entry.plan});
    if (fault == nullptr)
      summary.failed.push_back(name_of(entry.id) + ": no such fault in this version");
  }
  // Healing matters more than noting it: a full disk must not stand in the way.
  const auto ledger = FaultLedger::create(path);
  // Those that fail are tried again after the others: a database may not start yet since its files
  // are damaged, or its node is cut off.
  for (const bool is_last : {false, true}) {
    for (const std::int64_t id : healing_order(in_place)) {
      const FaultOutcome outcome = heal_one(in_place, id, context);
      const std::string told = fmt::format("{}: {}", name_of(id), outcome.evidence);
      if (!outcome.took_effect) {
        if (is_last) summary.failed.push_back(told);
        continue;
      }
      summary.healed.push_back(told);
      const auto noted = ledger ? (*ledger)->healed(id, outcome.evidence) : ledger.error();
      if (!noted) summary.failed.push_back(fmt::format("{}: {}", name_of(id), noted.error().what));
    }
  }
  HealSummary swept = sweep(context);
  summary.removed = std::move(swept.removed);
  std::ranges::move(swept.failed, std::back_inserter(summary.failed));
  return summary;
}

HealSummary bring_machines_back(const Cluster& cluster) {
  HealSummary summary;
  const auto nodes = cluster.nodes();
  const auto back =
      on_each<std::string>(nodes, [&](Node& node) { return bring_machine_back(cluster, node); });
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!back[i]) {
      summary.failed.push_back(told_of(nodes[i]->name(), back[i].error()));
    } else if (!back[i]->empty()) {
      summary.removed.push_back(fmt::format("{} was {}", nodes[i]->name(), *back[i]));
    }
  }
  return summary;
}

HealSummary sweep(const FaultContext& context) {
  HealSummary summary;
  if (!context.cluster->reachable()) return summary;
  const auto swept = on_each<NodeSweep>(context.cluster->nodes(), [&](Node& node) {
    NodeSweep one;
    RememberingNode seen(node);
    for (const Fault* fault : sweep_order())
      sweep_fault(*fault, context, node, seen, one);
    return Result<NodeSweep>(std::move(one));
  });
  for (const auto& one : swept) {
    std::ranges::copy(one->removed, std::back_inserter(summary.removed));
    std::ranges::copy(one->failed, std::back_inserter(summary.failed));
  }
  return summary;
}

}  // namespace gauntlet
