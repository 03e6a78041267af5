// gauntlet test DATABASE: one test from set-up to verdict.

#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/test_run.hpp"

namespace gauntlet {
namespace {

class TestCommand : public SubCommand {
 public:
  std::string_view name() const override { return "test"; }
  std::string_view description() const override {
    return "Test a database under faults and judge what it did";
  }
  std::string_view positionals() const override { return "DATABASE"; }
  std::size_t positionals_min() const override { return 1; }
  std::size_t positionals_max() const override { return 1; }
  bool takes_unit_options() const override { return true; }
  std::vector<std::string_view> options() const override {
    std::vector<std::string_view> names;
    for (const auto& spec : option_table()) {
      if (spec.name != "format" && spec.group != "Crash test") names.push_back(spec.name);
    }
    return names;
  }
  std::string footer() const override {
    return "Options of databases and workloads are given the same way: --read-consistency "
           "serializable.\n"
           "'gauntlet list' shows them. Every option can also be set by GAUNTLET_NAME or in a "
           "file.";
  }

  Result<ExitCode> run(Settings& settings) const override {
    const auto plan = make_plan(settings, settings.positionals().front());
    if (!plan) return plan.error();
    if (settings.flag("print-config")) {
      fmt::print("{}", settings.to_text());
      return ExitCode::valid;
    }
    fmt::print(stderr, "seed {}\n", plan->seed);
    const auto outcome = run_test(*plan, settings);
    if (!outcome) return outcome.error();
    return conclude(*outcome, *plan, settings);
  }
};

}  // namespace

GAUNTLET_REGISTER(SubCommand, TestCommand);

}  // namespace gauntlet
