// gauntlet check HISTORY...: a verdict for each file or run directory, worst exit code of all.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "checker/consistency_models.hpp"
#include "checker/linearizable/evidence/orders.hpp"
#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/test_plan.hpp"
#include "harness/control/state_directory.hpp"
#include "reports/report.hpp"

namespace gauntlet {
namespace {

HistoryFormat format_of(const std::string& name) {
  for (const NamedFormat& known : named_formats()) {
    if (known.name == name) return known.format;
  }
  return HistoryFormat::detect;
}

int severity(ExitCode code) {
  switch (code) {
    case ExitCode::valid:
      return 0;
    case ExitCode::unknown:
      return 1;
    case ExitCode::anomaly:
      return 2;
    default:
      return 3;
  }
}

/// A run directory is judged by what its workload claims, unless something else is asked for;
/// anything else by what it looks like.
Verdict judge(const std::string& path, const History& history, const CheckOptions& options,
              bool is_asked) {
  const std::string plan_path = path + "/plan.json";
  std::error_code ignored;
  if (!is_asked && std::filesystem::exists(plan_path, ignored)) {
    const auto plan = read_plan(plan_path);
    const Workload* workload = plan ? WorkloadRegistry::instance().find(plan->workload) : nullptr;
    if (workload != nullptr) return workload->check(history, workload_settings(*plan), options);
  }
  return check_history(history, options);
}

/// Each operation of an order by what completed it, or its invocation where nothing did, a line of
/// the history each: read from the top, a history without concurrency.
Result<void> write_orders(const std::string& path, const History& history, const Verdict& verdict,
                          CheckOptions options) {
  if (verdict.consistency != "linearizable") {
    return failure(ErrorKind::usage, "--order writes orders of linearizable histories only",
                   "leave it out, or judge by --consistency linearizable");
  }
  options.model = verdict.model;
  std::string lines;
  for (const OrderCertificate& certificate : linearizations(history, options)) {
    for (const EventIndex invoked : certificate.order) {
      const EventIndex completed = history.partner(invoked);
      append_json_line(lines, history.operation(completed == no_event ? invoked : completed));
    }
  }
  return write_file(path, lines, 0644);
}

Result<void> write_graphs(const std::string& folder, std::string_view prefix,
                          const History& history, const Verdict& verdict) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return failure(ErrorKind::usage, fmt::format("{}: {}", folder, error.message()));
  const GraphFiles graphs = graph_files(history, verdict);
  if (!graphs.note.empty()) fmt::print(stderr, "gauntlet: {}\n", graphs.note);
  for (const auto& [name, content] : graphs.files) {
    const std::string path = fmt::format("{}/{}{}", folder, prefix, name);
    if (auto written = write_file(path, content, 0644); !written) return written;
  }
  return {};
}

class CheckCommand : public SubCommand {
 public:
  std::string_view name() const override { return "check"; }
  std::string_view description() const override {
    return "Judge recorded histories: files in any known format, or run directories";
  }
  std::string_view positionals() const override { return "HISTORY..."; }
  std::size_t positionals_min() const override { return 1; }
  std::size_t positionals_max() const override { return 1'000'000; }
  std::vector<std::string_view> options() const override {
    return {"model",  "consistency", "init",         "key-order", "nil-read",    "failed-cas",
            "format", "time-limit",  "memory-limit", "threads",   "json",        "html",
            "junit",  "order",       "graphs",       "config",    "print-config"};
  }

  Result<ExitCode> run(Settings& settings) const override {
    if (settings.flag("print-config")) {
      fmt::print("{}", settings.to_text());
      return ExitCode::valid;
    }
    ExitCode worst = ExitCode::valid;
    // Logs of Cobra's clients are one history.
    const auto& files = settings.positionals();
    const bool are_sessions = settings.text("format") == "cobra" && files.size() > 1 &&
                              std::none_of(files.begin(), files.end(), is_folder);
    if (are_sessions) return check_one(files.front(), 1, settings, true);
    std::size_t number = 0;
    for (const auto& path : settings.positionals()) {
      const auto outcome = check_one(path, ++number, settings, false);
      if (!outcome && settings.positionals().size() == 1) return outcome.error();
      const ExitCode code = outcome ? *outcome : gauntlet::exit_code_of(outcome.error());
      if (!outcome) fmt::print(stderr, "gauntlet: {}\n", outcome.error().to_string());
      if (severity(code) > severity(worst)) worst = code;
    }
    return worst;
  }

 private:
  static bool is_folder(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored);
  }

  /// `with_all`: all that was named is one history, `path` its first file.
  static Result<ExitCode> check_one(const std::string& path, std::size_t number,
                                    const Settings& settings, bool with_all) {
    const Nanos started_ns = monotonic_now();
    const Nanos limit_ns =
        settings.duration(settings.given("time-limit") ? "time-limit" : "check-time-limit");
    auto options = check_options(settings, limit_ns);
    if (!options) return options.error();
    enforce_memory_limit(*options);
    auto read = with_all ? read_sessions(settings.positionals(), path, options->budget)
                         : read_history(path, format_of(settings.text("format")), options->budget);
    Verdict verdict;
    if (read) {
      for (const auto& warning : read->warnings)
        fmt::print(stderr, "gauntlet: {}\n", warning);
      const bool is_asked = settings.given("model") || !options->consistency.empty();
      verdict = judge(path, read->history, *options, is_asked);
    } else if (read.error().kind == ErrorKind::resource ||
               read.error().kind == ErrorKind::timeout) {
      verdict.checker = "linearizable";
      verdict.consistency = claim_of(options->consistency, Subject::operations);
      verdict.model = options->model;
      verdict.reason = read.error().what;
      read = ReadHistory{};
    } else {
      return read.error();
    }
    const AnalysisCost cost = cost_since(started_ns);

    ReportInput input;
    input.title = path;
    input.history = &read->history;
    input.verdict = &verdict;
    input.notes = read->warnings;
    if (settings.flag("json")) {
      fmt::print("{}\n", to_json(check_line(path, verdict, read->history, cost)));
    } else {
      fmt::print("{}", terminal_summary(input, stdout_is_terminal()));
    }
    if (const auto& file = settings.text("html"); !file.empty()) {
      if (auto written = write_file(file, html_report(input), 0644); !written)
        return written.error();
    }
    if (const auto& file = settings.text("junit"); !file.empty()) {
      if (auto written = write_file(file, junit_report({input}), 0644); !written)
        return written.error();
    }
    if (const auto& file = settings.text("order"); !file.empty()) {
      if (auto written = write_orders(file, read->history, verdict, *options); !written) {
        return written.error();
      }
    }
    if (const auto& folder = settings.text("graphs"); !folder.empty()) {
      const bool is_one = settings.positionals().size() == 1;
      const std::string prefix = is_one ? "" : fmt::format("history-{}-", number);
      if (auto written = write_graphs(folder, prefix, read->history, verdict); !written) {
        return written.error();
      }
    }
    std::fflush(stdout);
    return exit_code_of(verdict.validity);
  }
};

}  // namespace

GAUNTLET_REGISTER(SubCommand, CheckCommand);

}  // namespace gauntlet
