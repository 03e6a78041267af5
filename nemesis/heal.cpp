#include "nemesis/heal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace gauntlet {

namespace {

/// What a sweep of one node came to.
struct NodeSweep {
  std::vector<std::string> removed;
  std::vector<std::string> failed;
};

void sweep_fault(const Fault& fault, const FaultContext& context, Node& node, NodeSweep& sweep) {
  const auto failed = [&](const std::string& why) {
    sweep.failed.push_back(fmt::format("{} on {}: {}", fault.name(), node.name(), why));
  };
  const auto found = fault.residue(context, node);
  if (!found) return failed(found.error().what);
  if (found->empty()) return;
  if (const auto cleared = fault.clear(context, node); !cleared)
    return failed(cleared.error().what);
  const auto left = fault.residue(context, node);
  if (!left) return failed(left.error().what);
  if (!left->empty()) return failed("cannot be removed: " + *left);
  sweep.removed.push_back(fmt::format("{} on {}: {}", fault.name(), node.name(), *found));
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
  for (auto at = entries->rbegin(); at != entries->rend(); ++at) {
    const LedgerEntry& entry = *at;
    if (entry.healed) continue;
    const std::string name = fmt::format("{} (fault {})", entry.fault, entry.id);
    const Fault* fault = FaultRegistry::instance().find(entry.fault);
    if (fault == nullptr) {
      summary.failed.push_back(name + ": no such fault in this version");
      continue;
    }
    const FaultOutcome outcome = heal_with_retries(*fault, context, entry.plan);
    if (!outcome.took_effect) {
      summary.failed.push_back(fmt::format("{}: {}", name, outcome.evidence));
      continue;
    }
    summary.healed.push_back(fmt::format("{}: {}", name, outcome.evidence));
    const auto noted = ledger ? (*ledger)->healed(entry.id, outcome.evidence) : ledger.error();
    if (!noted) summary.failed.push_back(fmt::format("{}: {}", name, noted.error().what));
  }
  HealSummary swept = sweep(context);
  summary.removed = std::move(swept.removed);
  std::ranges::move(swept.failed, std::back_inserter(summary.failed));
  return summary;
}

HealSummary sweep(const FaultContext& context) {
  HealSummary summary;
  if (!context.cluster->reachable()) return summary;
  const auto swept = on_each<NodeSweep>(context.cluster->nodes(), [&](Node& node) {
    NodeSweep one;
    for (const Fault* fault : FaultRegistry::instance().all())
      sweep_fault(*fault, context, node, one);
    return Result<NodeSweep>(std::move(one));
  });
  for (const auto& one : swept) {
    std::ranges::copy(one->removed, std::back_inserter(summary.removed));
    std::ranges::copy(one->failed, std::back_inserter(summary.failed));
  }
  return summary;
}

}  // namespace gauntlet
