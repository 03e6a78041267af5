// gauntlet crash-test DATABASE: whether a database keeps what it acknowledged, whenever the power
// fails.

#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/crash_test.hpp"
#include "nemesis/crash/numbered_operations.hpp"

namespace gauntlet {
namespace {

class CrashTestCommand : public SubCommand {
 public:
  std::string_view name() const override { return "crash-test"; }
  std::string_view description() const override {
    return "Start a database on the disks that a loss of power may leave, and look what is lost";
  }
  std::string_view positionals() const override { return "DATABASE"; }
  std::size_t positionals_min() const override { return 1; }
  std::size_t positionals_max() const override { return 1; }
  bool takes_unit_options() const override { return true; }
  std::vector<std::string_view> options() const override {
    return {"ops",        "concurrency", "operation-timeout",
            "time-limit", "seed",        "states",
            "strict",     "record",      "state",
            "cluster",    "node",        "subnet",
            "identity",   "known-hosts", "wait",
            "keep-nodes", "store",       "json",
            "config"};
  }
  std::string footer() const override {
    return "It uses one node. By default 100 operations (--ops) by one client (--concurrency), and "
           "at "
           "most 10 minutes of trying (--time-limit).\n"
           "Exit code: 0 nothing is lost in any state that was tried, 1 something is, 2 unknown, "
           "3 no set-up.\n"
           "Options of the database are given the same way: --appendfsync always.";
  }

  Result<ExitCode> run(Settings& settings) const override {
    const std::string& database = settings.positionals().front();
    if (auto fits = adapt(settings, database); !fits) return fits.error();
    const auto plan = make_plan(settings, database);
    if (!plan) return plan.error();
    if (plan->node_count != 1) {
      return failure(ErrorKind::usage, "a crash test uses one node", "give --node once");
    }
    fmt::print(stderr, "seed {}\n", plan->seed);
    const auto outcome = run_crash_test(*plan, settings);
    if (!outcome) return outcome.error();
    if (settings.flag("json")) {
      fmt::print("{}\n", outcome->json);
    } else {
      fmt::print("{}\nresults {}/results.json\nseed    {}\n", outcome->summary,
                 outcome->run_directory, plan->seed);
    }
    return outcome->code;
  }

 private:
  /// What a plan needs besides what the user says: one node, of a cluster of its own.
  static Result<void> adapt(Settings& settings, const std::string& name) {
    TestPlan plan;
    plan.database = name;
    const auto database = make_database(plan);
    if (!database) return database.error();
    if ((*database)->embedded()) {
      return failure(ErrorKind::usage, name + " lives in this process and keeps nothing",
                     "give a database that runs on nodes");
    }
    const auto function = crash::function_to_record(**database);
    if (!function) {
      return failure(ErrorKind::usage, name + " has no operations that could be found again",
                     "its client needs read, and add or write");
    }
    if (settings.given("state") && !settings.given("record")) {
      return failure(ErrorKind::usage, "--state names a state of a record",
                     "say of which run: --record RUN");
    }
    settings.set("workload", *function == "add" ? "set" : "register", "crash-test");
    settings.set("nodes", "1", "crash-test");
    settings.set("disk", "fuse", "crash-test");
    if (!settings.given("concurrency")) settings.set("concurrency", "1", "crash-test");
    if (!settings.given("cluster")) settings.set("cluster", "crash-test", "crash-test");
    return {};
  }
};

}  // namespace

GAUNTLET_REGISTER(SubCommand, CrashTestCommand);

}  // namespace gauntlet
