#include "cli/run_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "base/duration.hpp"
#include "cli/analysis.hpp"
#include "cli/test_plan.hpp"
#include "harness/control/state_directory.hpp"
#include "history/json_value.hpp"
#include "history/reader.hpp"
#include "reports/report.hpp"

namespace gauntlet {

namespace {

Value string_list(const std::vector<std::string>& lines) {
  Value::List items;
  for (const auto& line : lines)
    items.emplace_back(line);
  return Value(std::move(items));
}

std::vector<std::string> strings_of(const Value* list) {
  std::vector<std::string> result;
  if (list == nullptr || !list->is_list()) return result;
  for (const auto& item : list->items()) {
    if (item.is_string()) result.push_back(item.string());
  }
  return result;
}

std::string string_of(const Value* value) {
  return value != nullptr && value->is_string() ? value->string() : "";
}

/// A run whose controller was killed has no run.json; that is a note, not an error.
RunFacts read_facts(const std::string& directory) {
  RunFacts facts;
  const auto value = read_json_file(directory + "/run.json");
  if (!value) {
    facts.notes.push_back("the run did not end in order: its controller was killed, or still runs");
    return facts;
  }
  facts.versions = strings_of(value->find("versions"));
  facts.command = string_of(value->find("command"));
  facts.lateness = string_of(value->find("lateness"));
  facts.notes = strings_of(value->find("notes"));
  return facts;
}

std::vector<std::pair<std::string, std::string>> shown_facts(const TestPlan& plan,
                                                             const RunFacts& facts,
                                                             const std::string& directory) {
  std::vector<std::pair<std::string, std::string>> shown = {
      {"database", fmt::format("{} {}", plan.database, fmt::join(facts.versions, " and "))},
      {"claim", plan.claim},
      {"workload", plan.workload},
      {"nodes", fmt::format("{} ({})", plan.node_count, plan.provider)},
      {"faults",
       plan.nemesis.empty() ? (plan.schedule.empty() ? "none" : "as scheduled") : plan.nemesis},
      {"clients", fmt::format("{}", plan.concurrency)},
      {"rate", plan.rate == 0 ? "unlimited" : fmt::format("{} operations/s", plan.rate)},
      {"load", format_duration(plan.time_limit_ns)},
      {"seed", fmt::format("{}", plan.seed)}};
  for (const auto& [name, value] : plan.database_options)
    shown.emplace_back(name, value);
  for (const auto& [name, value] : plan.workload_options)
    shown.emplace_back(name, value);
  if (!plan.schedule.empty()) shown.emplace_back("schedule", plan.schedule);
  if (!plan.replay_of.empty()) shown.emplace_back("replay of", plan.replay_of);
  if (!facts.lateness.empty()) shown.emplace_back("lateness", facts.lateness);
  shown.emplace_back("run", directory);
  if (!facts.command.empty()) shown.emplace_back("command", facts.command);
  return shown;
}

std::vector<std::pair<std::string, std::string>> links_in(const std::string& directory) {
  std::vector<std::pair<std::string, std::string>> links;
  std::error_code error;
  for (const auto& [name, file] :
       {std::pair{"history", "history.jsonl"}, std::pair{"faults", "faults.jsonl"},
        std::pair{"clocks", "clocks.jsonl"}, std::pair{"commands on nodes", "controller.log"},
        std::pair{"plan", "plan.toml"}}) {
    if (std::filesystem::exists(directory + "/" + file, error)) links.emplace_back(name, file);
  }
  const auto files = static_cast<std::ptrdiff_t>(links.size());
  for (auto it = std::filesystem::recursive_directory_iterator(directory + "/nodes", error);
       !error && it != std::filesystem::recursive_directory_iterator(); it.increment(error)) {
    if (!it->is_regular_file()) continue;
    links.emplace_back(fmt::format("{} {}", it->path().parent_path().filename().string(),
                                   it->path().filename().string()),
                       std::filesystem::relative(it->path(), directory).generic_string());
  }
  std::sort(links.begin() + files, links.end());
  return links;
}

Result<void> write_files(const std::string& directory, const Settings& settings,
                         const ReportInput& input, const std::string& json) {
  const std::string html = html_report(input);
  std::vector<std::pair<std::string, std::string>> files = {
      {directory + "/results.json", json + "\n"}, {directory + "/report.html", html}};
  if (const auto& file = settings.text("html"); !file.empty()) files.emplace_back(file, html);
  if (const auto& file = settings.text("junit"); !file.empty()) {
    files.emplace_back(file, junit_report({input}));
  }
  Result<void> result{};
  for (const auto& [file, content] : files) {
    if (auto written = write_file(file, content, 0644); !written) result = written;
  }
  return result;
}

}  // namespace

Value to_value(const RunFacts& facts) {
  return Value::map({{"versions", string_list(facts.versions)},
                     {"command", facts.command},
                     {"lateness", facts.lateness},
                     {"notes", string_list(facts.notes)}});
}

Result<RunReport> report_run(const std::string& directory, const Settings& settings) {
  const Nanos started_ns = monotonic_now();
  const auto plan = read_plan(directory + "/plan.json");
  if (!plan) return plan.error();
  const Workload* workload = WorkloadRegistry::instance().find(plan->workload);
  if (workload == nullptr) {
    return failure(ErrorKind::usage,
                   fmt::format("{}: unknown workload '{}'", directory, plan->workload),
                   "this run was made by another version");
  }
  const RunFacts facts = read_facts(directory);
  auto read = read_history(directory);
  if (!read) return read.error();
  const auto options = check_options(settings, settings.duration("check-time-limit"));
  if (!options) return options.error();
  const Verdict verdict = workload->check(read->history, workload_settings(*plan), *options);

  ReportInput input;
  input.title = fmt::format("{} {}", plan->database, plan->workload);
  input.history = &read->history;
  input.verdict = &verdict;
  input.facts = shown_facts(*plan, facts, directory);
  input.notes = facts.notes;
  input.notes.insert(input.notes.end(), read->warnings.begin(), read->warnings.end());
  input.links = links_in(directory);
  if (auto clocks = read_clock_samples(directory + "/clocks.jsonl")) input.clocks = *clocks;

  Value results = check_line(directory, verdict, read->history, cost_since(started_ns));
  results.set("seed", static_cast<std::int64_t>(plan->seed));
  results.set("plan", to_value(*plan));
  results.set("notes", string_list(input.notes));
  RunReport report;
  report.validity = verdict.validity;
  report.json = to_json(results);
  report.summary = terminal_summary(input, stdout_is_terminal());
  // The verdict stands whether or not the report could be written.
  if (auto written = write_files(directory, settings, input, report.json); !written) {
    report.summary += written.error().to_string() + "\n";
  }
  return report;
}

}  // namespace gauntlet
