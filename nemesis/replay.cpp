#include "nemesis/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "nemesis/node_names.hpp"

namespace gauntlet {

namespace {

const Value* entry_of(const Value& value, std::string_view name) {
  return value.is_map() ? value.find(name) : nullptr;
}

/// The events of the nemesis, made acts one by one.
class Reading {
 public:
  Reading(const History& history, const std::vector<LedgerEntry>& ledger)
      : history_(history), ledger_(ledger) {}

  Result<Replay> all() {
    std::vector<EventIndex> open;  // invocations without their completion; one at a time
    for (EventIndex i = 0; i < history_.size(); ++i) {
      if (history_.process(i) != nemesis_process) continue;
      if (open.empty()) {
        open.push_back(i);
        continue;
      }
      if (const auto done = take(open.back(), i); !done) return done.error();
      open.clear();
    }
    // The controller was killed: what it was about to inject is in the ledger, if it came so far.
    if (!open.empty()) {
      if (const auto done = take(open.back(), open.back()); !done) return done.error();
    }
    while (!replay_.schedule.empty() &&
           replay_.schedule.back().kind == ScheduledAct::Kind::heal_all)
      replay_.schedule.pop_back();
    return std::move(replay_);
  }

 private:
  Result<void> take(EventIndex invoked, EventIndex completed) {
    const Operation begin = history_.operation(invoked);
    const Operation end = history_.operation(completed);
    ScheduledAct act;
    // A schedule is written in microseconds.
    act.at_ns = std::max<Nanos>(begin.time_ns, 0) / 1000 * 1000;
    if (begin.f == "heal-all") {
      act.kind = ScheduledAct::Kind::heal_all;
      replay_.schedule.push_back(std::move(act));
      return {};
    }
    const std::size_t dash = begin.f.find('-');
    if (dash == std::string::npos) return {};
    const std::string action = begin.f.substr(0, dash), name = begin.f.substr(dash + 1);
    if (action == "heal") return heal(begin, name, std::move(act));
    if (action == "inject") return inject(begin, end, name, std::move(act));
    return {};
  }

  Result<void> heal(const Operation& begin, const std::string& name, ScheduledAct act) {
    const Value* id = entry_of(begin.value, "fault");
    if (id == nullptr || !id->is_integer()) {
      act.kind = ScheduledAct::Kind::heal_fault;
      act.fault.name = name;
    } else {
      const auto at = numbers_.find(id->integer());
      if (at == numbers_.end()) return {};
      act.kind = ScheduledAct::Kind::heal_one;
      act.injection = at->second;
    }
    replay_.schedule.push_back(std::move(act));
    return {};
  }

  Result<void> inject(const Operation& begin, const Operation& end, const std::string& name,
                      ScheduledAct act) {
    if (const Value* why = entry_of(end.value, "skipped")) {
      replay_.notes.push_back(fmt::format("{} at {:.3f} s was skipped: {}", name,
                                          static_cast<double>(begin.time_ns) / 1e9,
                                          why->is_string() ? why->string() : ""));
      return {};
    }
    const Value* id = entry_of(end.value, "fault");
    const LedgerEntry* entry = nullptr;
    if (id != nullptr && id->is_integer()) {
      const auto at = std::ranges::find(ledger_, id->integer(), &LedgerEntry::id);
      if (at != ledger_.end()) entry = &*at;
    } else {
      const auto at = std::ranges::find_if(ledger_, [&](const LedgerEntry& one) {
        return one.fault == name && !numbers_.contains(one.id);
      });
      if (at == ledger_.end()) return {};  // killed before it was decided
      entry = &*at;
    }
    const std::string label =
        fmt::format("{} at {:.3f} s", name, static_cast<double>(begin.time_ns) / 1e9);
    if (entry == nullptr || entry->fault != name) {
      return failure(ErrorKind::input, label + " has no plan in faults.jsonl",
                     "the run directory is not whole");
    }
    const Fault* fault = FaultRegistry::instance().find(name);
    if (fault == nullptr) {
      return failure(ErrorKind::input, label + ": this version has no such fault",
                     "replay it with the version that ran it");
    }
    const Value* given = entry_of(begin.value, "parameters");
    const Value parameters = given != nullptr && given->is_map() ? *given : Value(Value::Map{});
    act.fault = {name, fault->decided(parameters, entry->plan)};
    // What is written must be read back as the same.
    const auto again = parse_act("inject " + to_text(act.fault));
    if (!again || again->fault.parameters != act.fault.parameters) {
      return failure(ErrorKind::input,
                     fmt::format("{} cannot be told by parameters: {}", label,
                                 again ? to_text(act.fault) : again.error().to_string()),
                     "give the faults by --schedule");
    }
    numbers_[entry->id] = ++injections_;
    replay_.schedule.push_back(std::move(act));
    return {};
  }

  const History& history_;
  const std::vector<LedgerEntry>& ledger_;
  Replay replay_;
  std::map<std::int64_t, std::size_t> numbers_;  ///< of injections in the schedule, by their id
  std::size_t injections_ = 0;
};

}  // namespace

Result<Replay> replay_of(const History& history, const std::vector<LedgerEntry>& ledger) {
  if (!history.has_times()) {
    return failure(ErrorKind::input, "the history has no times",
                   "only what gauntlet test recorded can be replayed");
  }
  return Reading(history, ledger).all();
}

Value Fault::decided(const Value& given, const Value& plan) const {
  Value result = given;
  for (const auto& parameter : parameters()) {
    const Value* entry = plan.find(parameter.name);
    if (entry == nullptr) continue;
    if (entry->is_string()) {
      result.set(parameter.name, *entry);
    } else if (entry->is_list()) {
      std::string joined;
      for (const auto& name : names_from(entry))
        joined += (joined.empty() ? "" : "+") + name;
      if (!joined.empty()) result.set(parameter.name, joined);
    } else if (!entry->is_map() && !entry->is_nil()) {
      result.set(parameter.name, to_json(*entry));
    }
  }
  return result;
}

}  // namespace gauntlet
