#include "cli/test_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdio>

#include "base/duration.hpp"
#include "cli/analysis.hpp"
#include "cli/live_monitor.hpp"
#include "cli/run_report.hpp"
#include "cli/signals.hpp"
#include "cli/test_generator.hpp"
#include "cli/test_site.hpp"
#include "harness/control/state_directory.hpp"
#include "harness/run/clock_sampler.hpp"
#include "harness/run/progress.hpp"
#include "harness/run/recorder.hpp"
#include "harness/run/run.hpp"
#include "harness/run/store.hpp"
#include "nemesis/heal.hpp"

namespace gauntlet {

namespace {

/// What clients and the nemesis refer to; a client that hangs keeps it alive beyond the run.
struct Stage {
  std::unique_ptr<TestSite> site;
  std::unique_ptr<FaultLedger> ledger;
  std::unique_ptr<NemesisClient> nemesis;
};

/// Beyond that a key takes a monitor so long that the others would wait too long for it.
constexpr std::size_t monitored_configurations_max = 20'000;

class TestRun {
 public:
  TestRun(const TestPlan& plan, const Settings& settings)
      : plan_(plan), settings_(settings), stage_(std::make_shared<Stage>()) {}

  Result<TestOutcome> run() {
    if (auto ready = set_up(); !ready) {
      tear_down();
      return ready.error();
    }
    load();
    tear_down();
    return judge();
  }

 private:
  std::string path(const std::string& file) const { return store_->directory() + "/" + file; }

  Result<void> set_up() {
    started_ns_ = monotonic_now();
    auto store = RunDirectory::create(settings_.text("store"), test_name(),
                                      std::chrono::nanoseconds(settings_.duration("wait")),
                                      &stop_requested());
    if (!store) return store.error();
    store_ = std::move(*store);
    progress_ = std::make_unique<Progress>();
    progress_->phase("nodes");
    for (const auto& [file, content] : {std::pair{"plan.json", to_json(to_value(plan_)) + "\n"},
                                        std::pair{"plan.toml", settings_.to_text()}}) {
      if (auto written = write_file(path(file), content, 0644); !written) return written;
    }
    auto log = FileCommandLog::open(path("controller.log"));
    if (!log) return log.error();
    SiteOptions options{store_->directory(), *log,
                        std::chrono::nanoseconds(settings_.duration("wait")),
                        settings_.flag("keep-nodes"), plan_.disk == "fuse"};
    auto site = TestSite::open(plan_, options);
    if (!site) return site.error();
    stage_->site = std::move(*site);
    if (auto healed = heal_leftovers(); !healed) return healed;
    progress_->phase("database");
    if (auto up = stage_->site->start_database(); !up) return up;
    database_started_ = true;
    return prepare_nemesis();
  }

  std::string test_name() const { return fmt::format("{}-{}", plan_.database, plan_.workload); }

  FaultContext fault_context() const {
    return {&stage_->site->cluster(), &stage_->site->database(), &stage_->site->agents()};
  }

  /// A run that was killed may have left faults on these nodes.
  Result<void> heal_leftovers() {
    if (!stage_->site->cluster().reachable()) return {};
    const HealSummary summary = sweep(fault_context());
    for (const auto& line : summary.removed) {
      notes_.push_back("an earlier run had left a fault, which was removed: " + line);
    }
    if (summary.clean()) return {};
    return failure(ErrorKind::remote,
                   fmt::format("faults of an earlier run are still in place: {}",
                               fmt::join(summary.failed, "; ")),
                   "run gauntlet heal, or bring the nodes up anew");
  }

  Result<void> prepare_nemesis() {
    std::vector<std::string> names;
    for (const Node* node : stage_->site->cluster().nodes())
      names.push_back(node->name());
    auto generator = nemesis_generator(plan_, names);
    if (!generator) return generator.error();
    nemesis_generator_ = std::move(*generator);
    auto ledger = FaultLedger::create(path("faults.jsonl"));
    if (!ledger) return ledger.error();
    stage_->ledger = std::move(*ledger);
    stage_->nemesis = std::make_unique<NemesisClient>(fault_context(), *stage_->ledger, plan_.seed);
    return {};
  }

  RunSetup run_setup(Recorder& recorder) {
    RunSetup setup;
    setup.concurrency = plan_.concurrency;
    setup.seed = plan_.seed;
    setup.operation_timeout = std::chrono::nanoseconds(plan_.operation_timeout_ns);
    setup.stop = &stop_requested();
    Stage* stage = stage_.get();
    const auto nodes = stage->site->cluster().nodes();
    setup.open_client = [stage, nodes, timeout = setup.operation_timeout](Worker worker, Process) {
      Node& node = *nodes[static_cast<std::size_t>(worker) % nodes.size()];
      return stage->site->database().open_client(node, Deadline::after(timeout));
    };
    setup.node_of = [nodes](Worker worker, Process) {
      return nodes[static_cast<std::size_t>(worker) % nodes.size()]->name();
    };
    setup.nemesis = stage->nemesis.get();
    setup.sinks = {&recorder, progress_.get()};
    if (monitor_ != nullptr) setup.sinks.push_back(monitor_.get());
    if (clocks_ != nullptr) setup.sinks.push_back(clocks_.get());
    setup.keep_alive = stage_;
    return setup;
  }

  /// Lets the database's client prepare what the workload needs, on the first node.
  Result<void> set_up_data() {
    Node& node = *stage_->site->cluster().nodes().front();
    const Deadline deadline = Deadline::after(std::chrono::seconds(10));
    auto client = stage_->site->database().open_client(node, deadline);
    if (!client) return client.error();
    return (*client)->setup();
  }

  void load() {
    if (auto ready = set_up_data(); !ready) {
      failure_ = ready.error();
      return;
    }
    auto recorder = Recorder::create(path("history.jsonl"));
    if (!recorder) {
      failure_ = recorder.error();
      return;
    }
    const Workload* workload = WorkloadRegistry::instance().find(plan_.workload);
    if (plan_.stop_on_violation) {
      if (auto started = start_monitor(*workload); !started) {
        failure_ = started.error();
        return;
      }
    }
    if (auto started = start_clocks(); !started) {
      failure_ = started.error();
      return;
    }
    const GeneratorPtr generator = test_generator(
        plan_, workload->generators(workload_settings(plan_)), std::move(nemesis_generator_),
        [this](const std::string& name) { progress_->phase(name); });
    summary_ = gauntlet::run(*generator, run_setup(**recorder));
    clocks_.reset();
    notes_.insert(notes_.end(), summary_.notes.begin(), summary_.notes.end());
    const auto closed = (*recorder)->close();
    recorded_all_ = closed.has_value();
    if (!closed) notes_.push_back(closed.error().to_string());
    if (monitor_ != nullptr) take_findings();
    const bool by_monitor = findings_ && findings_->violation;
    if (summary_.stopped_early && (!by_monitor || stop_requested())) {
      notes_.push_back("the run was interrupted before its end");
    }
  }

  Result<void> start_clocks() {
    if (!stage_->site->cluster().reachable()) return {};
    // Some thousands of samples a node at most, however long the run.
    const std::chrono::nanoseconds interval(
        std::max<Nanos>(nanos_per_second, plan_.time_limit_ns / 5000));
    auto clocks = ClockSampler::create(path("clocks.jsonl"), stage_->site->cluster(),
                                       stage_->site->database(), interval);
    if (!clocks) return clocks.error();
    clocks_ = std::move(*clocks);
    return {};
  }

  Result<void> start_monitor(const Workload& workload) {
    const auto options = check_options(settings_, 0);
    if (!options) return options.error();
    const auto monitoring = workload.monitoring(workload_settings(plan_), *options);
    GAUNTLET_ASSERT(monitoring.has_value());  // make_plan has asked
    MonitorOptions monitor_options{*monitoring};
    // It lasts as long as the run; its time is limited by its queue.
    monitor_options.check.budget.deadline = Deadline::never();
    monitor_options.configurations_max = monitored_configurations_max;
    monitor_ =
        std::make_unique<LiveMonitor>(*find_model(monitoring->model), monitor_options,
                                      [this] { progress_->phase("violation seen, stopping"); });
    return {};
  }

  void take_findings() {
    findings_ = monitor_->finish();
    append(findings_->notes);
    if (!findings_->violation) return;
    const auto& [anomaly, completed_ns, seen_ns] = *findings_->violation;
    notes_.push_back(fmt::format(
        "the monitor saw a violation{} at event {}, {} after that; the run ended {} later",
        anomaly.key.empty() ? "" : " on key " + anomaly.key, anomaly.detected_at,
        format_duration(seen_ns - completed_ns), format_duration(summary_.elapsed_ns - seen_ns)));
    notes_.push_back(fmt::format("what the monitor saw: {}", fmt::join(anomaly.explanation, "; ")));
  }

  /// The checker has the last word, but if the monitor knows better one of the two is wrong.
  std::string contradiction(Validity validity) const {
    if (!findings_ || !recorded_all_) return "";
    if (findings_->violation && validity == Validity::valid) {
      return "INTERNAL ERROR: the monitor saw a violation where the checker finds none; please "
             "report this with the run's history";
    }
    if (findings_->saw_everything && validity == Validity::invalid) {
      return "INTERNAL ERROR: the checker finds a violation which the monitor did not see; please "
             "report this with the run's history";
    }
    return "";
  }

  void tear_down() {
    if (stage_->nemesis != nullptr) {
      progress_->phase("heal");
      for (const auto& line : stage_->nemesis->heal_all()) {
        notes_.push_back("NOT HEALED: " + line + " (run gauntlet heal)");
      }
    }
    if (stage_->site == nullptr) return;
    if (database_started_ || store_ != nullptr) {
      progress_->phase("logs");
      append(stage_->site->fetch_logs(path("nodes")));
    }
    if (database_started_) versions_ = stage_->site->versions();
    if (!settings_.flag("leave-db-running")) append(stage_->site->stop_database());
    if (summary_.hung == 0) stage_->site->close();
  }

  void append(const std::vector<std::string>& lines) {
    notes_.insert(notes_.end(), lines.begin(), lines.end());
  }

  Result<TestOutcome> judge() {
    if (failure_) return *failure_;
    progress_->phase("analysis");
    RunFacts facts;
    facts.versions = versions_;
    facts.command = command_line();
    if (summary_.scheduled > 0) {
      facts.lateness =
          fmt::format("median {}, 99 % below {}", format_duration(summary_.lateness.p50),
                      format_duration(summary_.lateness.p99));
    }
    facts.notes = notes_;
    auto report = report_on(facts);
    if (!report) return report.error();
    const std::string wrong = contradiction(report->validity);
    if (!wrong.empty()) {
      facts.notes.insert(facts.notes.begin(), wrong);
      report = report_on(facts);
      if (!report) return report.error();
      fmt::print(stderr, "gauntlet: {}\n", wrong);
    }
    progress_->finish();
    TestOutcome outcome;
    outcome.code = stop_requested() ? ExitCode::interrupted : exit_code_of(report->validity);
    if (!wrong.empty()) outcome.code = ExitCode::internal;
    outcome.validity = report->validity;
    outcome.run_directory = store_->directory();
    outcome.summary = report->summary;
    outcome.json = report->json;
    outcome.hung = summary_.hung;
    return outcome;
  }

  Result<RunReport> report_on(const RunFacts& facts) {
    if (auto written = write_file(path("run.json"), to_json(to_value(facts)) + "\n", 0644);
        !written) {
      return written.error();
    }
    return report_run(store_->directory(), settings_);
  }

  /// What a person types to run this plan again.
  std::string command_line() const {
    std::string line = fmt::format("gauntlet test {} --seed {}", plan_.database, plan_.seed);
    for (const auto& [name, setting] : settings_.all()) {
      const bool shown = setting.source != "default" && name != "seed" && name != "store";
      if (!shown) continue;
      line += " --" + name;
      if (find_option(name)->kind != OptionKind::flag) line += " " + shell_quote(setting.value);
    }
    for (const auto* options : {&plan_.database_options, &plan_.workload_options}) {
      for (const auto& [name, value] : *options) {
        line += fmt::format(" --{} {}", name, shell_quote(value));
      }
    }
    return line;
  }

  const TestPlan& plan_;
  const Settings& settings_;
  std::shared_ptr<Stage> stage_;
  std::unique_ptr<RunDirectory> store_;
  std::unique_ptr<Progress> progress_;
  std::unique_ptr<LiveMonitor> monitor_;
  std::unique_ptr<ClockSampler> clocks_;
  std::optional<LiveFindings> findings_;
  GeneratorPtr nemesis_generator_;
  RunSummary summary_;
  std::vector<std::string> notes_;
  std::vector<std::string> versions_;
  std::optional<Error> failure_;
  Nanos started_ns_ = 0;
  bool database_started_ = false;
  bool recorded_all_ = false;
};

}  // namespace

ExitCode conclude(const TestOutcome& outcome, const TestPlan& plan, const Settings& settings) {
  fmt::print("{}", settings.flag("json") ? outcome.json + "\n" : outcome.summary);
  if (!settings.flag("json")) {
    fmt::print("report {}/report.html\nseed   {}\n", outcome.run_directory, plan.seed);
  }
  std::fflush(nullptr);
  if (outcome.hung > 0) ::_exit(static_cast<int>(outcome.code));
  return outcome.code;
}

Result<TestOutcome> run_test(const TestPlan& plan, const Settings& settings) {
  return TestRun(plan, settings).run();
}

}  // namespace gauntlet
