#include "cli/crash_test_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/duration.hpp"
#include "reports/text.hpp"

namespace gauntlet {

namespace {

using crash::Exploration;
using crash::Outcome;
using crash::Trial;

constexpr std::size_t numbers_max = 100;  ///< of missing operations, in JSON
constexpr std::size_t listed_max = 8;     ///< of missing operations, in the summary
constexpr std::size_t shown_max = 5;      ///< findings in the summary

Value numbers(const std::vector<std::int64_t>& all) {
  Value::List items;
  for (const std::int64_t number : all) {
    if (items.size() == numbers_max) break;
    items.emplace_back(number);
  }
  return Value(std::move(items));
}

Value strings(const std::vector<std::string>& all) {
  return Value(Value::List(all.begin(), all.end()));
}

std::int64_t count_of(std::size_t number) {
  return static_cast<std::int64_t>(number);
}

Value to_value(const Trial& trial, const std::string& again) {
  Value value = Value::map({{"state", crash::to_text(trial.point)},
                            {"outcome", crash::name_of(trial.outcome)},
                            {"entry", count_of(trial.point.entries)},
                            {"loss", trial.point.loss},
                            {"seed", count_of(trial.point.seed)},
                            {"last_fsync", trial.sync},
                            {"digest", trial.state},
                            {"started", trial.started},
                            {"lost", trial.lost},
                            {"undurable", strings(trial.undurable)},
                            {"acknowledged", count_of(trial.acknowledged)},
                            {"missing_count", count_of(trial.missing.size())},
                            {"missing", numbers(trial.missing)},
                            {"unexpected", numbers(trial.unexpected)},
                            {"why", trial.why}});
  if (is_bad(trial.outcome)) value.set("again", again + crash::to_text(trial.point));
  return value;
}

std::string_view verdict_of(const Exploration& exploration) {
  switch (exit_code_of(exploration)) {
    case ExitCode::valid:
      return "valid";
    case ExitCode::anomaly:
      return "invalid";
    default:
      return "unknown";
  }
}

std::string headline(const CrashTestFacts& facts) {
  const Exploration& exploration = facts.exploration;
  switch (exit_code_of(exploration)) {
    case ExitCode::valid:
      return "no loss found in any crash state that was tried";
    case ExitCode::anomaly:
      if (exploration.count(Outcome::loses) > 0) return "LOSES what it acknowledged";
      return exploration.count(Outcome::refuses) > 0 ? "DOES NOT START after a crash"
                                                     : "INVENTS what nobody wrote";
    default:
      return "UNKNOWN: " + exploration.doubt();
  }
}

std::string what_happened(const Trial& trial) {
  const auto listed = [](const std::vector<std::int64_t>& all) {
    const std::size_t shown = std::min(all.size(), listed_max);
    return fmt::format(
        "{}{}", fmt::join(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(shown), " "),
        shown < all.size() ? " ..." : "");
  };
  switch (trial.outcome) {
    case Outcome::loses:
      return fmt::format("{} of {} acknowledged operations are missing: {}", trial.missing.size(),
                         trial.acknowledged, listed(trial.missing));
    case Outcome::invents:
      return trial.unexpected.empty()
                 ? trial.why
                 : "operations are there that had not begun: " + listed(trial.unexpected);
    default:
      return "the database does not start: " + trial.why;
  }
}

/// The plainest first: all that was not fsynced lost, early in the record.
std::vector<const Trial*> findings(const Exploration& exploration) {
  std::vector<const Trial*> bad;
  for (const Trial& trial : exploration.trials)
    if (is_bad(trial.outcome)) bad.push_back(&trial);
  std::sort(bad.begin(), bad.end(), [](const Trial* a, const Trial* b) {
    const bool whole_a = a->point.loss == "whole", whole_b = b->point.loss == "whole";
    return whole_a != whole_b ? whole_a : a->point.entries < b->point.entries;
  });
  return bad;
}

std::string finding_text(const Trial& trial, const std::string& again) {
  std::string text = fmt::format(
      "\ncrash after change {} ({} of what was not fsynced is lost)\n", trial.point.entries,
      trial.point.loss == "whole" ? "all" : "a part by " + trial.point.loss);
  const auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("  {:<12} {}\n", name, printable(value));
  };
  line("found", what_happened(trial));
  line("last fsync", trial.sync.empty() ? "none since the record began" : trial.sync);
  line("not durable",
       trial.undurable.empty() ? "nothing" : fmt::format("{}", fmt::join(trial.undurable, ", ")));
  text += fmt::format("  {:<12} {}{}\n", "again", printable(again, 2'000), to_text(trial.point));
  return text;
}

}  // namespace

ExitCode exit_code_of(const Exploration& exploration) {
  for (const Trial& trial : exploration.trials)
    if (is_bad(trial.outcome)) return ExitCode::anomaly;
  return exploration.doubt().empty() ? ExitCode::valid : ExitCode::unknown;
}

Value to_value(const CrashTestFacts& facts) {
  Value::List trials;
  for (const Trial& trial : facts.exploration.trials)
    trials.push_back(to_value(trial, facts.again));
  const crash::RecordIndex& index = facts.recording.index;
  Value options = Value(Value::Map{});
  for (const auto& [name, value] : facts.plan.database_options)
    options.set(name, value);
  return Value::map({{"kind", "crash-test"},
                     {"database", facts.plan.database},
                     {"versions", strings(facts.versions)},
                     {"options", options},
                     {"verdict", verdict_of(facts.exploration)},
                     {"reason", facts.exploration.doubt()},
                     {"function", facts.recording.function},
                     {"operations", count_of(index.invoked_by(index.entries).size())},
                     {"acknowledged", count_of(index.acknowledged_by(index.entries).size())},
                     {"entries", count_of(index.entries)},
                     {"fsyncs", count_of(index.epochs.size() - 1)},
                     {"strict", facts.strict},
                     {"seed", count_of(facts.plan.seed)},
                     {"states", count_of(facts.exploration.states)},
                     {"trials", Value(std::move(trials))},
                     {"notes", strings(facts.notes)},
                     {"run", facts.run_directory}});
}

std::string summary_of(const CrashTestFacts& facts) {
  const crash::RecordIndex& index = facts.recording.index;
  const Exploration& exploration = facts.exploration;
  std::string text = fmt::format("{} {}: {}\n\n", facts.plan.database,
                                 printable(fmt::format("{}", fmt::join(facts.versions, " and "))),
                                 printable(headline(facts)));
  const auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:<12} {}\n", name, printable(value));
  };
  for (const auto& [name, value] : facts.plan.database_options)
    line(name, value);
  line("operations",
       fmt::format("{} {}, {} acknowledged", index.invoked_by(index.entries).size(),
                   facts.recording.function, index.acknowledged_by(index.entries).size()));
  line("record",
       fmt::format("{} changes, {} fsyncs{}", index.entries, index.epochs.size() - 1,
                   facts.recording.bytes == 0 ? "" : ", " + format_bytes(facts.recording.bytes)));
  std::string counts;
  for (const Outcome outcome :
       {Outcome::holds, Outcome::loses, Outcome::invents, Outcome::refuses, Outcome::unknown}) {
    const std::size_t count = exploration.count(outcome);
    if (count > 0)
      counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, name_of(outcome));
  }
  line("tried", fmt::format("{} crash points, {} different states: {}", exploration.trials.size(),
                            exploration.states, counts));
  for (const auto& note : facts.notes)
    line("note", note);
  const auto bad = findings(exploration);
  for (std::size_t i = 0; i < std::min(bad.size(), shown_max); ++i)
    text += finding_text(*bad[i], facts.again);
  if (bad.size() > shown_max)
    text += fmt::format("\n{} more are in results.json\n", bad.size() - shown_max);
  return text;
}

}  // namespace gauntlet
