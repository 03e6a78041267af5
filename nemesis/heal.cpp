#include "nemesis/heal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

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

/// What is not healed, in the order in which to heal it.
std::vector<LedgerEntry> left_of(const std::vector<LedgerEntry>& entries) {
  std::vector<LedgerEntry> left(entries.rbegin(), entries.rend());
  std::erase_if(left, [](const LedgerEntry& entry) { return entry.healed; });
  std::ranges::stable_partition(left, [](const LedgerEntry& entry) {
    const Fault* fault = FaultRegistry::instance().find(entry.fault);
    return fault != nullptr && fault->takes_nodes_away();
  });
  return left;
}

/// Machines first, since of one that stands still nothing else can be asked.
std::vector<const Fault*> sweep_order() {
  auto faults = FaultRegistry::instance().all();
  std::ranges::stable_partition(faults, [](const Fault* f) { return f->takes_nodes_away(); });
  return faults;
}

}  // namespace

FaultOutcome heal_with_retries(const Fault& fault, const FaultContext& context, const Value& plan) {
  constexpr int attempts_max = 4;
  for (int attempt = 1;; ++attempt) {
    FaultOutcome outcome = fault.heal(context, plan);
    if (outcome.took_effect || attempt == attempts_max) return outcome;
    std::this_thread::sleep_for(std::chrono::milliseconds(250) * (1 << attempt));
  }
}

Result<HealSummary> heal_from_ledger(const std::string& path, const FaultContext& context) {
  const auto entries = FaultLedger::read(path);
  if (!entries) return entries.error();
  HealSummary summary;
  // Healing matters more than noting it: a full disk must not stand in the way.
  const auto ledger = FaultLedger::create(path);
  const auto heal_one = [&](const LedgerEntry& entry) -> std::string {
    const std::string name = fmt::format("{} (fault {})", entry.fault, entry.id);
    const Fault* fault = FaultRegistry::instance().find(entry.fault);
    if (fault == nullptr) return name + ": no such fault in this version";
    const FaultOutcome outcome = heal_with_retries(*fault, context, entry.plan);
    if (!outcome.took_effect) return fmt::format("{}: {}", name, outcome.evidence);
    summary.healed.push_back(fmt::format("{}: {}", name, outcome.evidence));
    const auto noted = ledger ? (*ledger)->healed(entry.id, outcome.evidence) : ledger.error();
    if (!noted) summary.failed.push_back(fmt::format("{}: {}", name, noted.error().what));
    return {};
  };
  // Those that fail are tried again after the others: a database may not start yet since its files
  // are damaged, or its node is cut off.
  std::vector<LedgerEntry> again;
  for (const LedgerEntry& entry : left_of(*entries)) {
    if (!heal_one(entry).empty()) again.push_back(entry);
  }
  for (const LedgerEntry& entry : again) {
    if (const std::string failed = heal_one(entry); !failed.empty())
      summary.failed.push_back(failed);
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
