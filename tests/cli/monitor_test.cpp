// --stop-on-violation: a run ends moments after the database broke its promise, and what the
// monitor could not watch is said.

#include <doctest/doctest.h>

#include <cstdlib>

#include "cli/live_monitor.hpp"
#include "cli/test_plan.hpp"
#include "history/json_value.hpp"
#include "tests/cli/program.hpp"

using namespace gauntlet;

namespace {

std::string notes_of(const Value& results) {
  std::string notes;
  for (const Value& note : results.find("notes")->items())
    notes += note.string() + "\n";
  return notes;
}

Value results_of(const ProcessResult& result) {
  CAPTURE(result.output);
  CAPTURE(result.error_output);
  auto json = parse_json(result.output, "stdout");
  REQUIRE(json.has_value());
  return *json;
}

Operation event(OperationType type, Process process, const char* f, Value value,
                std::int64_t index) {
  Operation operation;
  operation.index = index;
  operation.time_ns = index;
  operation.type = type;
  operation.process = process;
  operation.f = f;
  operation.value = std::move(value);
  return operation;
}

/// Judged by something else than linearizability.
class Unordered : public Workload {
 public:
  std::string_view name() const override { return "unordered"; }
  std::string_view description() const override { return "for a test"; }
  std::vector<std::string> functions() const override { return {"read"}; }
  WorkloadGenerators generators(const WorkloadSettings&) const override { return {}; }
  Verdict check(const History&, const WorkloadSettings&, const CheckOptions&) const override {
    return {};
  }
};

}  // namespace

TEST_CASE("with --stop-on-violation a run ends when a planted bug shows, and is judged as ever") {
  const Scratch scratch;
  const auto result =
      gauntlet::gauntlet({"test", "memory", "--bug", "stale-read", "--rate", "500", "--time-limit",
                          "10m", "--stop-on-violation", "--store", scratch.path("store"), "--json"},
                         std::chrono::seconds(120));
  CHECK(result.exit_code == 1);
  CHECK(result.duration_ns < 60 * nanos_per_second);
  const Value results = results_of(result);
  CHECK(*results.find("valid") == Value(false));
  const std::string notes = notes_of(results);
  CAPTURE(notes);
  CHECK(notes.find("the run was ended because of a violation") != std::string::npos);
  CHECK(notes.find("the monitor saw a violation on key") != std::string::npos);
  CHECK(notes.find("no order of these explains it") != std::string::npos);
  CHECK(notes.find("interrupted") == std::string::npos);
  CHECK(notes.find("INTERNAL") == std::string::npos);
  CHECK(*results.find("plan")->find("stop_on_violation") == Value(true));
  CHECK(gauntlet::gauntlet({"check", scratch.path("store/latest")}).exit_code == 1);
}

TEST_CASE("with --stop-on-violation a run without a violation goes on to its end") {
  const Scratch scratch;
  const auto result =
      gauntlet::gauntlet({"test", "memory", "--rate", "2000", "--time-limit", "2s",
                          "--stop-on-violation", "--store", scratch.path("store"), "--json"});
  CHECK(result.exit_code == 0);
  const Value results = results_of(result);
  CHECK(*results.find("valid") == Value(true));
  CHECK(notes_of(results).find("monitor") == std::string::npos);
}

TEST_CASE("--stop-on-violation is refused where it cannot be done") {
  const auto unknown_model =
      gauntlet::gauntlet({"test", "memory", "--stop-on-violation", "--model", "registr"});
  CHECK(unknown_model.exit_code == 254);
  CHECK(unknown_model.error_output.find("did you mean 'register'?") != std::string::npos);

  // Not registered before, so that other tests do not see it.
  if (WorkloadRegistry::instance().find("unordered") == nullptr) {
    WorkloadRegistry::instance().add(std::make_unique<Unordered>());
  }
  CommandLine line;
  line.flags = {{"workload", "unordered"}, {"stop-on-violation", "true"}};
  auto settings = Settings::resolve(line);
  REQUIRE(settings.has_value());
  const auto plan = make_plan(*settings, "memory");
  REQUIRE(!plan.has_value());
  CHECK(plan.error().kind == ErrorKind::usage);
  CHECK(plan.error().what ==
        "--stop-on-violation: workload unordered is not judged by linearizability");
}

TEST_CASE("a live monitor ends the run, says what it saw, and looks at all before it ends") {
  std::atomic<int> calls{0};
  LiveMonitor monitor(*find_model("register"), {}, [&] { ++calls; });
  monitor.on_event(event(OperationType::invoke, 0, "write", 1, 0));
  monitor.on_event(event(OperationType::ok, 0, "write", 1, 1));
  CHECK(monitor.failure() == "");
  monitor.on_event(event(OperationType::invoke, 0, "read", {}, 2));
  monitor.on_event(event(OperationType::ok, 0, "read", 2, 3));
  for (int i = 0; i < 2000 && monitor.failure().empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(monitor.failure() != "");
  const LiveFindings findings = monitor.finish();
  REQUIRE(findings.violation.has_value());
  CHECK(findings.violation->anomaly.detected_at == 3);
  CHECK(findings.violation->seen_ns >= findings.violation->completed_ns);
  CHECK(findings.violation->seen_ns < 20 * nanos_per_second);
  CHECK(findings.notes.empty());
  CHECK(calls == 1);

  LiveMonitor quiet(*find_model("register"), {}, {});
  quiet.on_event(event(OperationType::invoke, 0, "write", 1, 0));
  quiet.on_event(event(OperationType::ok, 0, "write", 1, 1));
  CHECK(quiet.finish().saw_everything);
}

TEST_CASE("a live monitor that falls behind stops and says so; it never holds up the run") {
  LiveMonitor monitor(*find_model("register"), {}, {}, 100);
  for (std::int64_t i = 0; i < 100'000; ++i) {
    monitor.on_event(
        event(i % 2 == 0 ? OperationType::invoke : OperationType::ok, 0, "write", 1, i));
  }
  const LiveFindings findings = monitor.finish();
  CHECK(!findings.saw_everything);
  REQUIRE(findings.notes.size() == 1);
  CHECK(findings.notes[0].find("the monitor fell behind and stopped at event") == 0);
}

TEST_CASE("a live monitor says which keys it gave up") {
  MonitorOptions options;
  options.configurations_max = 20;
  LiveMonitor monitor(*find_model("counter"), options, {});
  for (Process process = 0; process < 10; ++process)
    monitor.on_event(event(OperationType::invoke, process, "add", 1 << process, process));
  monitor.on_event(event(OperationType::ok, 0, "add", 1, 10));
  const LiveFindings findings = monitor.finish();
  CHECK(!findings.saw_everything);
  REQUIRE(findings.notes.size() == 1);
  CHECK(findings.notes[0] ==
        "the monitor stopped watching the object: more than 20 configurations at event 10");
}
