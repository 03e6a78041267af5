#include "checker/library.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <tuple>
#include <utility>
#include <vector>

namespace gauntlet {

namespace {

Error unusable(Process process, std::string_view f) {
  if (process < 0) {
    return failure(ErrorKind::usage, fmt::format("process {} invokes {}", process, f),
                   "number processes from 0");
  }
  return failure(ErrorKind::usage, fmt::format("{} is one function too many", f),
                 "put what varies into the argument");
}

Result<History> paired(History history) {
  if (auto checked = history.pair(); !checked) {
    return failure(ErrorKind::usage, checked.error().what, checked.error().remedy);
  }
  return history;
}

}  // namespace

void Recording::invoke(Process process, std::string_view f, const Value& argument,
                       const Value& key) {
  const std::lock_guard lock(mutex_);
  const Call call{history_.function(f), history_.values().intern(argument),
                  history_.values().intern(key)};
  if (process < 0 || call.f == no_function) {
    if (!misuse_) misuse_ = unusable(process, f);
    return;
  }
  outstanding_.insert_or_assign(process, call);
  history_.append(OperationType::invoke, process, call.f, call.argument, call.key,
                  monotonic_now() - started_ns_, -1);
}

void Recording::ok(Process process, const Value& result) {
  complete(process, OperationType::ok, result);
}

void Recording::fail(Process process) {
  complete(process, OperationType::fail, {});
}

void Recording::info(Process process) {
  complete(process, OperationType::info, {});
}

void Recording::complete(Process process, OperationType type, const Value& result) {
  const std::lock_guard lock(mutex_);
  const auto at = outstanding_.find(process);
  if (at == outstanding_.end()) {
    if (!misuse_) {
      misuse_ = failure(ErrorKind::usage,
                        fmt::format("process {} completes what it did not invoke", process),
                        "invoke, then complete once");
    }
    return;
  }
  const Call call = at->second;
  outstanding_.erase(at);
  // Completions name what they complete, as in a file: models look at an `ok` one's value only.
  const ValueId value =
      type == OperationType::ok ? history_.values().intern(result) : call.argument;
  history_.append(type, process, call.f, value, call.key, monotonic_now() - started_ns_, -1);
}

Result<History> Recording::finish() {
  const std::lock_guard lock(mutex_);
  History history = std::exchange(history_, History());
  const std::optional<Error> misuse = std::exchange(misuse_, std::nullopt);
  outstanding_.clear();
  if (misuse) return *misuse;
  return paired(std::move(history));
}

namespace {

struct TimedEvent {
  Nanos time_ns;
  bool completes;  // at one time invocations come first
  std::size_t operation;
};

Result<std::vector<TimedEvent>> events_of(std::span<const TimedOperation> operations) {
  std::vector<TimedEvent> events;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const TimedOperation& operation = operations[i];
    if (operation.completed_ns < operation.invoked_ns) {
      return failure(ErrorKind::usage,
                     fmt::format("operation {} ({}) ends before it begins", i, operation.f),
                     "take both times by one monotonic clock");
    }
    events.push_back({operation.invoked_ns, false, i});
    if (operation.completed_ns != TimedOperation::never) {
      events.push_back({operation.completed_ns, true, i});
    }
  }
  std::sort(events.begin(), events.end(), [](const TimedEvent& a, const TimedEvent& b) {
    return std::tie(a.time_ns, a.completes, a.operation) <
           std::tie(b.time_ns, b.completes, b.operation);
  });
  return events;
}

/// The processes of the operations; an operation of nobody in particular gets one of its own.
std::vector<Process> processes_of(std::span<const TimedOperation> operations) {
  std::vector<Process> processes;
  boost::unordered_flat_set<Process> taken;
  for (const TimedOperation& operation : operations)
    taken.insert(operation.process);
  Process next = 0;
  for (const TimedOperation& operation : operations) {
    if (operation.process != TimedOperation::anybody) {
      processes.push_back(operation.process);
      continue;
    }
    while (taken.contains(next))
      ++next;
    processes.push_back(next++);
  }
  return processes;
}

}  // namespace

Result<History> history_of(std::span<const TimedOperation> operations) {
  const auto events = events_of(operations);
  if (!events) return events.error();
  const std::vector<Process> processes = processes_of(operations);
  History history;
  history.reserve(events->size());
  for (const TimedEvent& event : *events) {
    const TimedOperation& operation = operations[event.operation];
    const Process process = processes[event.operation];
    const FunctionId f = history.function(operation.f);
    if (process < 0 || f == no_function) return unusable(process, operation.f);
    Values& values = history.values();
    const ValueId value = values.intern(event.completes ? operation.result : operation.argument);
    history.append(event.completes ? OperationType::ok : OperationType::invoke, process, f, value,
                   values.intern(operation.key), event.time_ns, -1);
  }
  return paired(std::move(history));
}

Verdict check(std::string_view model, const History& history, CheckOptions options) {
  const Checker* checker = CheckerRegistry::instance().find("linearizable");
  GAUNTLET_ASSERT(checker != nullptr);
  options.model = model;
  return checker->check(history, options);
}

Verdict check(std::string_view model, const Result<History>& history, CheckOptions options) {
  if (history) return check(model, *history, std::move(options));
  Verdict verdict;
  verdict.checker = verdict.consistency = "linearizable";
  verdict.model = model;
  verdict.reason = history.error().to_string();
  return verdict;
}

std::string to_text(const Verdict& verdict) {
  std::string text =
      fmt::format("{} ({}): {}\n", to_string(verdict.validity), verdict.model, verdict.reason);
  for (const Anomaly& anomaly : verdict.anomalies) {
    text += fmt::format("{}{}\n", anomaly.name,
                        anomaly.key.empty() ? "" : fmt::format(" on key {}", anomaly.key));
    for (const std::string& sentence : anomaly.explanation)
      text += fmt::format("  {}\n", sentence);
  }
  if (verdict.anomalies_total > verdict.anomalies.size()) {
    text += fmt::format("and {} more\n", verdict.anomalies_total - verdict.anomalies.size());
  }
  return text;
}

}  // namespace gauntlet
