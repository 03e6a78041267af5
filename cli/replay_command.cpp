// gauntlet replay RUN: the same operations and the same faults once more, as a new run.
//
// Same are the seed and with it what clients are given to do, the workload, the database and their
// options, and the faults with the targets and parameters that were decided then, at the times at
// which they began. Not the same are process ids, addresses, names of rules, and how fast clients,
// nodes and faults are this time: operations fall differently between them.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "cli/command.hpp"
#include "cli/test_run.hpp"
#include "harness/run/store.hpp"
#include "history/reader.hpp"
#include "nemesis/replay.hpp"

namespace gauntlet {
namespace {

/// The settings of the test that is repeated, for the new run's plan.toml and its command.
void adopt(Settings& settings, const TestPlan& plan, const std::string& source) {
  const auto set = [&](std::string_view name, std::string value) {
    settings.set(name, std::move(value), source);
  };
  const auto time = [&](std::string_view name, Nanos duration_ns) {
    set(name, fmt::format("{}us", duration_ns / 1000));
  };
  set("workload", plan.workload);
  set("schedule", plan.schedule);
  time("time-limit", plan.time_limit_ns);
  time("operation-timeout", plan.operation_timeout_ns);
  time("recovery", plan.recovery_ns);
  set("ops", fmt::format("{}", plan.operations_max));
  set("rate", fmt::format("{}", plan.rate));
  set("concurrency", fmt::format("{}", plan.concurrency));
  set("stop-on-violation", plan.stop_on_violation ? "true" : "false");
  set("seed", fmt::format("{}", plan.seed));
  set("nodes", fmt::format("{}", plan.node_count));
  set("cluster", plan.cluster);
  set("subnet", plan.subnet);
  set("disk", plan.disk);
  set("node", fmt::format("{}", fmt::join(plan.hosts, ",")));
  set("identity", plan.identity_file);
  set("known-hosts", plan.known_hosts_file);
}

Result<Replay> read_replay(const std::string& directory) {
  const std::string path = directory + "/faults.jsonl";
  std::vector<LedgerEntry> ledger;
  // A run that was over before its nemesis was ready has none; one without faults an empty one.
  if (std::error_code ignored; std::filesystem::exists(path, ignored)) {
    auto entries = FaultLedger::read(path);
    if (!entries) return entries.error();
    ledger = std::move(*entries);
  }
  const std::string history_path = directory + "/history.jsonl";
  if (std::error_code ignored; !std::filesystem::exists(history_path, ignored)) {
    return failure(ErrorKind::input, fmt::format("{} has no history.jsonl", directory),
                   "the run ended before its load: repeat it by gauntlet test and its seed");
  }
  const auto read = read_history(history_path);
  if (!read) return read.error();
  return replay_of(read->history, ledger);
}

class ReplayCommand : public SubCommand {
 public:
  std::string_view name() const override { return "replay"; }
  std::string_view description() const override {
    return "Run the operations and the faults of a run once more";
  }
  std::string_view positionals() const override { return "[RUN]"; }
  std::size_t positionals_max() const override { return 1; }
  std::vector<std::string_view> options() const override {
    return {"store",        "cluster",
            "wait",         "leave-db-running",
            "keep-nodes",   "check-time-limit",
            "memory-limit", "threads",
            "json",         "html",
            "junit"};
  }
  std::string footer() const override {
    return "RUN is a run directory or a test's name; by default the latest run of the store.\n"
           "The same: seed, workload, database, options, faults with their targets and parameters "
           "at their\n"
           "times. Not the same: process ids, addresses, and how fast everything is this time.";
  }

  Result<ExitCode> run(Settings& settings) const override {
    const std::string wanted =
        settings.positionals().empty() ? "latest" : settings.positionals().front();
    const auto directory = find_run(settings.text("store"), wanted);
    if (!directory) return directory.error();
    auto plan = read_plan(*directory + "/plan.json");
    if (!plan) return plan.error();
    const auto replay = read_replay(*directory);
    if (!replay) return replay.error();
    plan->nemesis.clear();
    plan->nemesis_pace = "even";
    plan->schedule = to_text(replay->schedule);
    plan->replay_of = *directory;
    if (settings.given("cluster")) plan->cluster = settings.text("cluster");
    if (WorkloadRegistry::instance().find(plan->workload) == nullptr) {
      return failure(ErrorKind::input,
                     fmt::format("this version has no workload '{}'", plan->workload),
                     "replay it with the version that ran it");
    }
    if (auto database = make_database(*plan); !database) return database.error();
    adopt(settings, *plan, *directory + "/plan.json");
    fmt::print(stderr, "replay of {}\nseed {}\n", *directory, plan->seed);
    for (const auto& note : replay->notes)
      fmt::print(stderr, "not done again: {}\n", note);
    const auto outcome = run_test(*plan, settings);
    if (!outcome) return outcome.error();
    return conclude(*outcome, *plan, settings);
  }
};

}  // namespace

GAUNTLET_REGISTER(SubCommand, ReplayCommand);

}  // namespace gauntlet
