#include "cli/crash_test.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/crash_test_report.hpp"
#include "cli/signals.hpp"
#include "cli/test_site.hpp"
#include "harness/control/state_directory.hpp"
#include "harness/run/progress.hpp"
#include "harness/run/store.hpp"
#include "nemesis/agent_links.hpp"
#include "nemesis/crash/crash_explorer.hpp"
#include "nemesis/heal.hpp"

namespace gauntlet {

namespace {

constexpr std::int64_t operations_by_default = 100;
constexpr std::chrono::minutes exploration_by_default(10);
constexpr std::chrono::seconds transfer_timeout(120);
constexpr std::size_t file_bytes_max = 512U << 20U;
constexpr const char* log_name = "disk.log";
constexpr const char* base_name = "base.tar.gz";

Result<std::string> content_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  if (error || !in) {
    return failure(ErrorKind::usage, fmt::format("{} cannot be read", path),
                   "--record takes a run of gauntlet crash-test");
  }
  if (size > file_bytes_max) return failure(ErrorKind::input, path + " is too large for a record");
  return std::string(std::istreambuf_iterator<char>(in), {});
}

class CrashTest {
 public:
  CrashTest(const TestPlan& plan, const Settings& settings) : plan_(plan), settings_(settings) {}

  Result<CrashTestOutcome> run() {
    if (auto opened = open(); !opened) return opened.error();
    auto facts = explore();
    tear_down();
    if (!facts) return facts.error();
    facts->notes.insert(facts->notes.end(), notes_.begin(), notes_.end());
    progress_->finish();
    CrashTestOutcome outcome;
    outcome.code = stop_requested() ? ExitCode::interrupted : exit_code_of(facts->exploration);
    outcome.run_directory = store_->directory();
    outcome.summary = summary_of(*facts);
    outcome.json = to_json(to_value(*facts));
    if (auto written = write_file(store_->path("results.json"), outcome.json + "\n", 0644);
        !written)
      return written.error();
    return outcome;
  }

 private:
  bool from_record() const { return !settings_.text("record").empty(); }
  Node& node() const { return *site_->cluster().nodes().front(); }

  Result<void> open() {
    if (from_record()) {
      auto run = find_run(settings_.text("store"), settings_.text("record"));
      if (!run) return run.error();
      const auto plan = read_plan(*run + "/plan.json");
      if (!plan) return plan.error();
      if (plan->database != plan_.database) {
        return failure(ErrorKind::usage, fmt::format("{} is a record of {}", *run, plan->database));
      }
      record_ = *run + "/record/";
      for (const char* file : {log_name, base_name}) {
        if (auto content = content_of(record_ + file); !content) return content.error();
      }
    }
    const std::chrono::nanoseconds wait(settings_.duration("wait"));
    auto store = RunDirectory::create(settings_.text("store"), plan_.database + "-crash-test", wait,
                                      &stop_requested());
    if (!store) return store.error();
    store_ = std::move(*store);
    progress_ = std::make_unique<Progress>();
    progress_->phase("nodes");
    for (const auto& [file, content] : {std::pair{"plan.json", to_json(to_value(plan_)) + "\n"},
                                        std::pair{"plan.toml", settings_.to_text()}}) {
      if (auto written = write_file(store_->path(file), content, 0644); !written) return written;
    }
    auto log = FileCommandLog::open(store_->path("controller.log"));
    if (!log) return log.error();
    auto site = TestSite::open(
        plan_, {store_->directory(), *log, wait, settings_.flag("keep-nodes"), !from_record()});
    if (!site) return site.error();
    site_ = std::move(*site);
    const auto folder = site_->database().data_folder();
    if (!folder) {
      return failure(ErrorKind::usage,
                     fmt::format("{} tells of no folder for its data", plan_.database));
    }
    place_.data = *folder;
    return heal_leftovers();
  }

  Result<void> heal_leftovers() {
    const HealSummary summary = sweep({&site_->cluster(), &site_->database()});
    for (const auto& line : summary.removed)
      notes_.push_back("an earlier run had left a fault, which was removed: " + line);
    if (summary.clean()) return {};
    return failure(ErrorKind::remote, "of an earlier run there is still: " + summary.failed.front(),
                   "run gauntlet heal, or bring the nodes up anew");
  }

  Result<CrashTestFacts> explore() {
    progress_->phase("database");
    if (auto started = site_->start_database(); !started) return started.error();
    CrashTestFacts facts;
    facts.plan = plan_;
    facts.versions = site_->versions();
    facts.strict = settings_.flag("strict");
    facts.run_directory = store_->directory();
    progress_->phase("record");
    auto recording = from_record() ? restore() : record();
    if (!recording) return recording.error();
    facts.recording = std::move(*recording);
    facts.notes = facts.recording.notes;
    const std::string record_run = from_record()
                                       ? record_.substr(0, record_.size() - sizeof("/record/") + 1)
                                       : store_->directory();
    facts.again = command_line(record_run);
    auto points = crash_points(facts.recording.index);
    if (!points) return points.error();
    crash::CrashExplorer explorer(node(), site_->database(), place_, facts.recording.index,
                                  explorer_options(facts));
    progress_->phase("crash states");
    auto exploration = explorer.explore(*points);
    if (!exploration) return exploration.error();
    facts.exploration = std::move(*exploration);
    facts.notes.insert(facts.notes.end(), facts.exploration.notes.begin(),
                       facts.exploration.notes.end());
    return facts;
  }

  Result<std::vector<crash::CrashPoint>> crash_points(const crash::RecordIndex& index) const {
    constexpr std::size_t points_a_state = 4;  // since some have the same state
    const std::string& named = settings_.text("state");
    if (named.empty()) {
      const auto states = static_cast<std::size_t>(settings_.integer("states"));
      return choose_crash_points(index, states * points_a_state, plan_.seed);
    }
    const auto point = crash::parse_crash_point(named);
    if (!point || point->entries > index.entries) {
      return failure(ErrorKind::usage, fmt::format("--state: the record has no state '{}'", named),
                     fmt::format("for example {}:whole:0", index.entries));
    }
    return std::vector<crash::CrashPoint>{placed(index, *point)};
  }

  crash::ExplorerOptions explorer_options(const CrashTestFacts& facts) {
    crash::ExplorerOptions options;
    options.function = facts.recording.function;
    options.states_max = static_cast<std::size_t>(settings_.integer("states"));
    options.strict = facts.strict;
    options.stop = &stop_requested();
    options.deadline =
        settings_.given("time-limit")
            ? Deadline::after(std::chrono::nanoseconds(settings_.duration("time-limit")))
            : Deadline::after(exploration_by_default);
    if (isatty(STDERR_FILENO) == 1) {
      options.progress = [this, all = options.states_max](std::size_t tried, std::size_t bad) {
        progress_->phase(fmt::format("crash state {} of {} at most, {} bad", tried + 1, all, bad));
      };
    }
    return options;
  }

  Result<crash::Recording> record() {
    crash::RecordingOptions options;
    options.operations = settings_.integer("ops");
    if (options.operations == 0) options.operations = operations_by_default;
    options.clients = plan_.concurrency;
    options.operation_timeout = std::chrono::nanoseconds(settings_.duration("operation-timeout"));
    options.stop = &stop_requested();
    auto recording = crash::record_run(node(), site_->database(), place_, options);
    if (!recording) return recording.error();
    if (auto kept = fetch_record(); !kept) {
      notes_.push_back("the record was not kept: " + kept.error().what);
    }
    return recording;
  }

  Result<void> fetch_record() {
    const std::string folder = store_->path("record");
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    const std::string packed = place_.folder() + "/" + base_name;
    const auto done = node().must(
        Command::of({"tar", "-C", place_.folder(), "--numeric-owner", "-czf", packed, "base"})
            .root()
            .within(transfer_timeout));
    if (!done) return done.error();
    for (const auto& [from, to] :
         {std::pair{packed, base_name}, std::pair{place_.log(), log_name}}) {
      if (auto got = node().download(from, folder + "/" + to, file_bytes_max, true); !got)
        return got;
    }
    return {};
  }

  /// Puts the record of an earlier run into its place.
  Result<crash::Recording> restore() {
    if (auto killed = site_->database().kill(node()); !killed) return killed.error();
    if (auto installed = install_agent(node()); !installed) return installed.error();
    if (auto gone = remove_record(node(), place_); !gone) return gone.error();
    const auto made =
        node().must(Command::of({"mkdir", "-m", "700", "--", place_.folder()}).root());
    if (!made) return made.error();
    const std::string packed = place_.folder() + "/" + base_name;
    for (const auto& [from, to] :
         {std::pair{base_name, packed}, std::pair{log_name, place_.log()}}) {
      const auto content = content_of(record_ + from);
      if (!content) return content.error();
      if (auto put = node().upload(*content, to, 0600, true); !put) return put.error();
    }
    const auto unpacked = node().must(
        Command::of({"tar", "-C", place_.folder(), "--numeric-owner", "-xpzf", packed, "base"})
            .root()
            .within(transfer_timeout));
    if (!unpacked) return unpacked.error();
    auto index = crash::read_index(node(), place_);
    if (!index) return index.error();
    crash::Recording recording;
    recording.function = crash::function_to_record(site_->database()).value_or("");
    recording.index = std::move(*index);
    return recording;
  }

  void tear_down() {
    progress_->phase("logs");
    const auto append = [&](const std::vector<std::string>& lines) {
      notes_.insert(notes_.end(), lines.begin(), lines.end());
    };
    append(site_->fetch_logs(store_->path("nodes")));
    append(site_->stop_database());
    if (auto removed = remove_record(node(), place_); !removed)
      notes_.push_back(removed.error().what);
    site_->close();
  }

  /// What a person types to try one state again, but for its name.
  std::string command_line(const std::string& record_run) const {
    std::string line = fmt::format("gauntlet crash-test {}", plan_.database);
    for (const auto& [name, value] : plan_.database_options)
      line += fmt::format(" --{} {}", name, shell_quote(value));
    for (const char* name : {"cluster", "node", "identity", "known-hosts"}) {
      const Setting& setting = settings_.all().find(name)->second;
      if (setting.source.starts_with("--"))
        line += fmt::format(" --{} {}", name, shell_quote(setting.value));
    }
    if (settings_.flag("strict")) line += " --strict";
    return line + fmt::format(" --record {} --state ", shell_quote(record_run));
  }

  const TestPlan& plan_;
  const Settings& settings_;
  std::string record_;  ///< folder of an earlier record, with a slash
  std::unique_ptr<RunDirectory> store_;
  std::unique_ptr<Progress> progress_;
  std::unique_ptr<TestSite> site_;
  crash::RecordPlace place_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<CrashTestOutcome> run_crash_test(const TestPlan& plan, const Settings& settings) {
  return CrashTest(plan, settings).run();
}

}  // namespace gauntlet
