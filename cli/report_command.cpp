// gauntlet report RUN: judges a run directory again and writes its report anew.

#include <fmt/format.h>

#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/run_report.hpp"
#include "harness/run/store.hpp"

namespace gauntlet {
namespace {

class ReportCommand : public SubCommand {
 public:
  std::string_view name() const override { return "report"; }
  std::string_view description() const override {
    return "Judge a run directory again and write its report anew";
  }
  std::string_view positionals() const override { return "[RUN]"; }
  std::size_t positionals_max() const override { return 1; }
  std::vector<std::string_view> options() const override {
    return {"store", "check-time-limit", "memory-limit", "threads", "json", "html", "junit"};
  }
  std::string footer() const override {
    return "RUN is a run directory or a test's name; by default the latest run of the store.";
  }

  Result<ExitCode> run(Settings& settings) const override {
    const std::string wanted =
        settings.positionals().empty() ? "latest" : settings.positionals().front();
    const auto directory = find_run(settings.text("store"), wanted);
    if (!directory) return directory.error();
    const auto report = report_run(*directory, settings);
    if (!report) return report.error();
    fmt::print("{}", settings.flag("json") ? report->json + "\n" : report->summary);
    if (!settings.flag("json")) fmt::print("report {}/report.html\n", *directory);
    return exit_code_of(report->validity);
  }
};

}  // namespace

GAUNTLET_REGISTER(SubCommand, ReportCommand);

}  // namespace gauntlet
