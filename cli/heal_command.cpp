// gauntlet heal [RUN]: undoes what a run that was killed left on its nodes.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "cli/command.hpp"
#include "cli/signals.hpp"
#include "cli/test_plan.hpp"
#include "cli/test_site.hpp"
#include "harness/control/docker_cluster.hpp"
#include "harness/run/store.hpp"
#include "nemesis/heal.hpp"

namespace gauntlet {
namespace {

LockWait lock_wait(const Settings& settings) {
  return {std::chrono::milliseconds(settings.duration("wait") / nanos_per_millisecond),
          &stop_requested()};
}

/// The cluster of a plan as it is now; nothing is brought up.
Result<std::unique_ptr<Cluster>> attach(const TestPlan& plan, const Settings& settings) {
  if (plan.provider == "docker") {
    DockerClusterOptions options;
    options.name = plan.cluster;
    options.run = "gauntlet heal";
    options.wait = lock_wait(settings);
    options.stop = &stop_requested();
    return docker_attach(options);
  }
  if (plan.provider == "hosts") return open_hosts(plan, nullptr);
  return failure(ErrorKind::usage, "this run had no nodes that faults could touch",
                 "there is nothing to heal");
}

class HealCommand : public SubCommand {
 public:
  std::string_view name() const override { return "heal"; }
  std::string_view description() const override {
    return "Undo the faults that a killed run left on its nodes";
  }
  std::string_view positionals() const override { return "[RUN]"; }
  std::size_t positionals_max() const override { return 1; }
  std::vector<std::string_view> options() const override { return {"store", "wait", "json"}; }
  std::string footer() const override {
    return "RUN is a run directory or a test's name; by default the latest run of the store.";
  }

  Result<ExitCode> run(Settings& settings) const override {
    const std::string wanted =
        settings.positionals().empty() ? "latest" : settings.positionals().front();
    const auto directory = find_run(settings.text("store"), wanted);
    if (!directory) return directory.error();
    const auto plan = read_plan(*directory + "/plan.json");
    if (!plan) return plan.error();
    auto cluster = attach(*plan, settings);
    if (!cluster) return cluster.error();
    HealSummary brought_back = bring_machines_back(**cluster);
    if (!brought_back.clean()) {
      print(brought_back, settings.flag("json"));
      return ExitCode::setup;
    }
    const LockWait wait = lock_wait(settings);
    const auto lock = NodeLock::acquire(**cluster, Owner::self("gauntlet heal"), wait);
    if (!lock) return lock.error();
    // What Docker had begun for the dead run may have come to its end only now.
    HealSummary then = bring_machines_back(**cluster);
    std::ranges::copy(then.removed, std::back_inserter(brought_back.removed));
    auto database = make_database(*plan);
    if (!database) return database.error();
    if (auto configured = (*database)->configure(**cluster, plan->database_options); !configured) {
      return configured.error();
    }
    const FaultContext context{cluster->get(), database->get()};
    // A run that was killed before its nemesis was ready has no ledger; others' faults may be
    // there.
    const std::string ledger = *directory + "/faults.jsonl";
    std::error_code ignored;
    auto summary = std::filesystem::exists(ledger, ignored) ? heal_from_ledger(ledger, context)
                                                            : Result<HealSummary>(sweep(context));
    if (!summary) return summary.error();
    std::ranges::move(brought_back.removed, std::back_inserter(summary->removed));
    std::ranges::move(then.failed, std::back_inserter(summary->failed));
    print(*summary, settings.flag("json"));
    return summary->clean() ? ExitCode::valid : ExitCode::setup;
  }

 private:
  static void print(const HealSummary& summary, bool json) {
    const auto list = [](const std::vector<std::string>& lines) {
      Value::List items;
      for (const auto& line : lines)
        items.emplace_back(line);
      return Value(std::move(items));
    };
    if (json) {
      fmt::print("{}\n", to_json(Value::map({{"healed", list(summary.healed)},
                                             {"removed", list(summary.removed)},
                                             {"failed", list(summary.failed)}})));
      return;
    }
    for (const auto& line : summary.healed)
      fmt::print("healed   {}\n", line);
    for (const auto& line : summary.removed)
      fmt::print("removed  {}\n", line);
    for (const auto& line : summary.failed)
      fmt::print("FAILED   {}\n", line);
    if (summary.clean()) fmt::print("no fault is in place any more\n");
  }
};

}  // namespace

GAUNTLET_REGISTER(SubCommand, HealCommand);

}  // namespace gauntlet
