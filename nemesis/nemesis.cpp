#include "nemesis/nemesis.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

#include "base/suggest.hpp"
#include "nemesis/heal.hpp"

namespace gauntlet {

namespace {

Value skipped(const std::string& why) {
  return Value::map({{"skipped", why}});
}

/// What the history says of an action on `entries` of a fault.
Value report(std::int64_t id, const Value::Map& entries, const FaultOutcome& outcome) {
  Value value = Value::map({{"fault", id}});
  for (const auto& [name, entry] : entries)
    value.set(name, entry);
  if (!outcome.skipped.empty()) value.set("skipped", outcome.skipped);
  value.set("took_effect", outcome.took_effect);
  value.set("evidence", outcome.evidence);
  return value;
}

}  // namespace

struct NemesisClient::State {
  FaultContext context;
  FaultLedger& ledger;
  Random random;
  std::mutex mutex;                  ///< heal_all may come while an injection hangs
  std::vector<FaultInPlace> active;  ///< as far as this process knows
  std::map<std::string, std::optional<std::string>> unsupported;  ///< by fault, once asked
  std::int64_t injections = 0;

  State(FaultContext faults, FaultLedger& faults_ledger, std::uint64_t seed)
      : context(faults), ledger(faults_ledger), random(seed) {}

  const std::optional<std::string>& why_unsupported(const Fault& fault) {
    const auto [at, added] = unsupported.try_emplace(std::string(fault.name()));
    if (added) at->second = fault.unsupported(context);
    return at->second;
  }

  Value inject(const Fault& fault, const Value& parameters) {
    // A stream for each injection: what one draws does not change the next.
    Random draws = random.fork(fmt::format("injection {}", injections++));
    if (const auto& why = why_unsupported(fault)) {
      Value value = skipped(*why);
      value.set("unsupported", true);
      return value;
    }
    const auto plan = fault.prepare(context, parameters, draws);
    if (!plan) return skipped(plan.error().to_string());
    const auto id = ledger.injecting(std::string(fault.name()), *plan);
    if (!id) return skipped(id.error().to_string());
    active.push_back({*id, &fault, *plan});
    const FaultOutcome outcome = fault.inject(context, *plan);
    // The injection has happened: a ledger that cannot take this line changes nothing.
    (void)ledger.observed(*id, outcome.took_effect, outcome.evidence);
    Value value = report(*id, plan->entries(), outcome);
    if (!outcome.skipped.empty()) heal(*id);  // whatever part of it is in place
    return value;
  }

  /// Heals one fault; it stays active if it cannot be healed. Requires an active id.
  FaultOutcome heal(std::int64_t id) {
    FaultOutcome outcome = gauntlet::heal_one(active, id, context);
    if (outcome.took_effect) (void)ledger.healed(id, outcome.evidence);
    return outcome;
  }

  Value heal_one(std::int64_t id) {
    const auto at = std::ranges::find(active, id, &FaultInPlace::id);
    if (at == active.end()) {
      return Value::map({{"fault", id}, {"took_effect", true}, {"evidence", "healed before"}});
    }
    const Value* targets = at->plan.find("targets");
    const Value::Map entries = {{"targets", targets != nullptr ? *targets : Value()}};
    return report(id, entries, heal(id));
  }

  /// In the order in which to heal them: only those of `fault` unless it is nullptr.
  std::vector<std::int64_t> active_ids(const Fault* fault) const {
    auto ids = healing_order(active);
    std::erase_if(ids, [&](std::int64_t id) {
      return fault != nullptr && std::ranges::find(active, id, &FaultInPlace::id)->fault != fault;
    });
    return ids;
  }

  Value heal_several(const std::vector<std::int64_t>& ids) {
    Value::List faults;
    std::vector<std::string> evidence;
    bool all = true;
    for (const std::int64_t id : ids) {
      const FaultOutcome outcome = heal(id);
      all = all && outcome.took_effect;
      faults.emplace_back(id);
      evidence.push_back(outcome.evidence);
    }
    return Value::map({{"faults", std::move(faults)},
                       {"took_effect", all},
                       {"evidence", fmt::format("{}", fmt::join(evidence, "; "))}});
  }
};

NemesisClient::NemesisClient(FaultContext context, FaultLedger& ledger, std::uint64_t seed)
    : state_(std::make_unique<State>(context, ledger, seed)) {}

NemesisClient::~NemesisClient() = default;

void NemesisClient::invoke(Operation& operation, Deadline) {
  const std::lock_guard lock(state_->mutex);
  operation.type = OperationType::info;
  const std::size_t dash = operation.f.find('-');
  const std::string action = operation.f.substr(0, dash);
  const std::string name = dash == std::string::npos ? "" : operation.f.substr(dash + 1);
  const Fault* fault = FaultRegistry::instance().find(name);
  if (operation.f == "heal-all") {
    operation.value = state_->heal_several(state_->active_ids(nullptr));
  } else if (action == "inject" && fault != nullptr) {
    const Value* parameters = operation.value.find("parameters");
    operation.value = state_->inject(*fault, parameters != nullptr ? *parameters : Value());
  } else if (action == "heal" && fault != nullptr) {
    const Value* id = operation.value.find("fault");
    operation.value = id != nullptr && id->is_integer()
                          ? state_->heal_one(id->integer())
                          : state_->heal_several(state_->active_ids(fault));
  } else {
    operation.error = fmt::format("the nemesis cannot {}", operation.f);
  }
}

std::vector<std::string> NemesisClient::heal_all() {
  const std::lock_guard lock(state_->mutex);
  std::vector<std::string> failed;
  // Twice, since one may fail for another's sake, as a start on files that are still damaged.
  for (const std::int64_t id : state_->active_ids(nullptr))
    (void)state_->heal(id);
  for (const std::int64_t id : state_->active_ids(nullptr)) {
    const FaultOutcome outcome = state_->heal(id);
    if (!outcome.took_effect) failed.push_back(fmt::format("fault {}: {}", id, outcome.evidence));
  }
  // A command that a node took longer over than was waited for may have acted after the heal.
  if (state_->injections > 0)
    std::ranges::move(sweep(state_->context).failed, std::back_inserter(failed));
  return failed;
}

}  // namespace gauntlet
