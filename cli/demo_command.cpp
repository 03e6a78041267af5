// gauntlet demo: what gauntlet does, in two tests: one that must be valid, one with a known
// anomaly.

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cli/command.hpp"
#include "cli/signals.hpp"
#include "cli/test_run.hpp"
#include "harness/control/docker_client.hpp"
#include "harness/control/docker_cluster.hpp"

namespace gauntlet {
namespace {

struct Act {
  std::string_view title;
  std::string_view database;
  std::vector<std::pair<std::string_view, std::string_view>> settings;
  std::vector<std::string> unit_options;
  Validity expected;
};

const std::vector<Act>& acts_on_nodes() {
  static const std::vector<Act> acts = {
      {"1. etcd, linearizable reads, partitions and kills: should be VALID",
       "etcd",
       {{"nemesis", "partition,kill"}, {"nemesis-interval", "3s"}, {"time-limit", "20s"}},
       {"--read-consistency", "linearizable"},
       Validity::valid},
      {"2. the same with etcd's serializable reads, which may be stale: should be INVALID",
       "etcd",
       {{"nemesis", "partition"}, {"nemesis-interval", "3s"}, {"time-limit", "15s"}},
       {"--read-consistency", "serializable"},
       Validity::invalid}};
  return acts;
}

const std::vector<Act>& acts_embedded() {
  static const std::vector<Act> acts = {
      {"1. the embedded in-memory database, correct: should be VALID",
       "memory",
       {{"time-limit", "5s"}, {"rate", "1000"}},
       {"--bug", "none"},
       Validity::valid},
      {"2. the same with a planted bug, stale reads: should be INVALID",
       "memory",
       {{"time-limit", "5s"}, {"rate", "1000"}},
       {"--bug", "stale-read"},
       Validity::invalid}};
  return acts;
}

class DemoCommand : public SubCommand {
 public:
  std::string_view name() const override { return "demo"; }
  std::string_view description() const override {
    return "Two short tests of etcd on five nodes: one valid, one with stale reads found";
  }
  std::vector<std::string_view> options() const override { return {"store", "seed", "cluster"}; }
  std::string footer() const override {
    return "Without Docker it says why, and runs the embedded in-memory database instead.";
  }

  Result<ExitCode> run(Settings& settings) const override {
    const auto docker = docker_available();
    if (!docker) {
      fmt::print(
          "No containers can be had here: {}\n"
          "The same pipeline runs with the embedded in-memory database instead.\n\n",
          docker.error().to_string());
      return play(acts_embedded(), settings);
    }
    // Both acts use the same nodes: brought up once, removed at the end unless they were there
    // before.
    const auto before = docker_status();
    if (!before) return before.error();
    bool existed = false;
    for (const auto& node : *before)
      existed = existed || node.cluster == settings.text("cluster");
    settings.set("keep-nodes", "true", "demo");
    const auto code = play(acts_on_nodes(), settings);
    if (!existed) {
      if (auto removed = docker_down(settings.text("cluster")); !removed) return removed.error();
    }
    return code;
  }

 private:
  static Result<ExitCode> play(const std::vector<Act>& acts, const Settings& settings) {
    bool as_expected = true;
    for (const auto& act : acts) {
      fmt::print("{}\n\n", act.title);
      std::fflush(stdout);
      CommandLine line;
      for (const auto& [name, setting] : settings.all()) {
        if (setting.source != "default") line.flags[name] = setting.value;
      }
      for (const auto& [name, value] : act.settings) {
        line.flags[std::string(name)] = std::string(value);
      }
      line.extras = act.unit_options;
      auto resolved = Settings::resolve(line);
      if (!resolved) return resolved.error();
      const auto plan = make_plan(*resolved, std::string(act.database));
      if (!plan) return plan.error();
      const auto outcome = run_test(*plan, *resolved);
      if (!outcome) return outcome.error();
      fmt::print("{}report {}/report.html\n\n", outcome->summary, outcome->run_directory);
      std::fflush(stdout);
      as_expected = as_expected && outcome->validity == act.expected;
      if (outcome->code == ExitCode::interrupted) return ExitCode::interrupted;
      if (outcome->hung > 0) ::_exit(static_cast<int>(ExitCode::internal));
    }
    if (as_expected) {
      fmt::print("Both verdicts are as they should be.\n");
      return ExitCode::valid;
    }
    fmt::print("A verdict is not what it should be; the reports say why.\n");
    return ExitCode::anomaly;
  }
};

}  // namespace

GAUNTLET_REGISTER(SubCommand, DemoCommand);

}  // namespace gauntlet
