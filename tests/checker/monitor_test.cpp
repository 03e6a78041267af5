// The monitor against the oracle: fed event by event, it speaks at the very completion after which
// the history so far, with all that is outstanding taken as crashed, has no order: never before,
// never after.
#include <doctest/doctest.h>

#include <atomic>

#include "agreement.hpp"
#include "bench/histories/simulated_history.hpp"
#include "checker/linearizability_monitor.hpp"
#include "model_histories.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

History prefix_of(const History& history, std::size_t events) {
  History prefix;
  for (EventIndex i = 0; i < events; ++i)
    prefix.append(history.operation(i));
  REQUIRE(prefix.pair().has_value());
  return prefix;
}

bool is_valid(const History& history, const Model& model, const CheckOptions& options) {
  return ModelOracle(history, model, options).judge().valid;
}

struct Watching {
  EventIndex place = no_event;
  EventIndex reported_at = no_event;
  std::string trouble;  ///< why it did not watch to the end
};

Watching watch(const History& history, const Model& model, const CheckOptions& options,
               bool forgets_early = false) {
  MonitorOptions monitor_options;
  monitor_options.check = options;
  // Often enough that small histories meet them, where they are asked for.
  if (forgets_early) {
    monitor_options.renewal_calls = 4;
    monitor_options.shared_states_min = 1;
  }
  LinearizabilityMonitor monitor(model, monitor_options);
  Watching result;
  for (EventIndex i = 0; i < history.size() && !monitor.violation(); ++i) {
    monitor.append(history.operation(i));
    if (monitor.violation()) result.reported_at = i;
  }
  if (!monitor.watches_all()) {
    result.trouble = monitor.reason();
    for (const PartVerdict& key : monitor.given_up())
      result.trouble += " given up: " + key.reason;
  }
  if (monitor.violation()) result.place = monitor.violation()->detected_at;
  return result;
}

/// What the monitor of a model whose answers say only what they saw does wrong; "" if nothing.
std::string fault_of(const History& history, const Model& model, const CheckOptions& options,
                     bool forgets_early) {
  const Watching seen = watch(history, model, options, forgets_early);
  // An honest answer: seven enqueues at once have too many orders.
  if (seen.trouble.find("configurations at event") != std::string::npos) return "";
  if (!seen.trouble.empty()) return seen.trouble;
  if (seen.place == no_event) {
    return is_valid(history, model, options) ? "" : "no violation seen";
  }
  if (seen.place != seen.reported_at) return "reported at another event than it names";
  if (!is_valid(prefix_of(history, seen.place), model, options)) return "seen too late";
  return is_valid(prefix_of(history, seen.place + 1), model, options) ? "seen too early" : "";
}

/// The same for one whose answers decide: it waits for fates, and then names the checker's place.
std::string delayed_fault_of(const History& history, const Model& model,
                             const CheckOptions& options, bool forgets_early) {
  History known = prefix_of(history, history.size());
  for (EventIndex i = 0; i < history.size(); ++i) {
    if (history.type(i) != OperationType::invoke || history.partner(i) != no_event) continue;
    Operation end = history.operation(i);
    end.type = OperationType::info;
    end.index = -1;
    known.append(end);
  }
  REQUIRE(known.pair().has_value());
  const Watching seen = watch(known, model, options, forgets_early);
  if (!seen.trouble.empty()) return seen.trouble;
  const OracleAnswer expected = ModelOracle(known, model, options).judge();
  if (seen.place == expected.place) return "";
  return "place " + std::to_string(seen.place) + " instead of " + std::to_string(expected.place);
}

struct Tally {
  int valid = 0, invalid = 0;
};

void fuzz(Random random, int count, const Model& model, const ModelShape& shape, HistoryKind kind,
          const CheckOptions& options, Tally& tally) {
  for (int i = 0; i < count; ++i) {
    ModelShape varied = shape;
    varied.operations = static_cast<int>(random.between(2, shape.operations));
    varied.processes = static_cast<int>(random.between(2, shape.processes));
    const History history = make_history(model_operations(random, model, varied, kind));
    const std::string fault = model.answers_decide()
                                  ? delayed_fault_of(history, model, options, i % 2 == 0)
                                  : fault_of(history, model, options, i % 2 == 0);
    (watch(history, model, options).place == no_event ? tally.valid : tally.invalid) += 1;
    if (fault.empty()) continue;
    CAPTURE(as_json_lines(history));
    FAIL_CHECK(fault);
    return;
  }
}

}  // namespace

TEST_CASE("a monitor speaks at the very event, on every model") {
  for (const Model* model : ModelRegistry::instance().all()) {
    const std::string name(model->name());
    CAPTURE(name);
    const CheckOptions options = options_for(name);
    const Random random = Random(301).fork(name);
    Tally tally;
    for (const int values : {2, 3, 0}) {
      const ModelShape shape{.values = values};
      const std::string label = std::to_string(values);
      fuzz(random.fork("a" + label), fuzz_cases(800), *model, shape, HistoryKind::random, options,
           tally);
      ModelShape larger{.operations = 9, .processes = 5, .values = values, .crash = 0.1};
      fuzz(random.fork("b" + label), fuzz_cases(800), *model, larger, HistoryKind::valid, options,
           tally);
      fuzz(random.fork("c" + label), fuzz_cases(1500), *model, larger, HistoryKind::mutated,
           options, tally);
      larger.crash = 0.4;
      larger.fail = 0.2;
      fuzz(random.fork("d" + label), fuzz_cases(800), *model, larger, HistoryKind::mutated, options,
           tally);
    }
    CHECK(tally.valid > fuzz_cases(1500));
    CHECK(tally.invalid > fuzz_cases(400));
  }
}

TEST_CASE(
    "a monitor tells apart when states were passed that several hanging reads may have seen") {
  const Model& model = *find_model("register");
  Random random(304);
  for (int i = 0; i < fuzz_cases(6000); ++i) {
    ModelShape shape{.operations = 11, .processes = 7, .values = 0, .crash = 0, .fail = 0};
    shape.weights = {1, 1};
    const History history =
        make_history(model_operations(random, model, shape, HistoryKind::mutated));
    const std::string fault = fault_of(history, model, {}, true);
    if (fault.empty()) continue;
    CAPTURE(as_json_lines(history));
    FAIL_CHECK(fault);
    return;
  }
}

TEST_CASE("a monitor honours what a failed compare-and-set, nil and the initial value mean") {
  const Model& model = *find_model("cas-register");
  for (const FailedCas failed_cas : {FailedCas::drop, FailedCas::check}) {
    for (const NilRead nil_read : {NilRead::value, NilRead::any}) {
      CheckOptions options;
      options.failed_cas = failed_cas;
      options.nil_read = nil_read;
      if (nil_read == NilRead::value) options.initial = 1;
      Tally tally;
      const Random random = Random(302).fork(failed_cas == FailedCas::drop ? "drop" : "check");
      const ModelShape shape{.operations = 8, .processes = 5, .values = 2, .fail = 0.3};
      fuzz(random.fork("a"), fuzz_cases(1500), model, shape, HistoryKind::mutated, options, tally);
      fuzz(random.fork("b"), fuzz_cases(800), model, shape, HistoryKind::random, options, tally);
      CHECK(tally.valid > 300);
      CHECK(tally.invalid > 300);
    }
  }
}

TEST_CASE("where nothing fails, a monitor of a register names the checker's place") {
  const Model& model = *find_model("register");
  Random random(303);
  int violations = 0;
  for (int i = 0; i < fuzz_cases(2000); ++i) {
    const ModelShape shape{.operations = 12, .processes = 6, .crash = 0.2, .fail = 0};
    const History history =
        make_history(model_operations(random, model, shape, HistoryKind::mutated));
    const EventIndex place = ModelOracle(history, model, {}).judge().place;
    REQUIRE(watch(history, model, {}).place == place);
    violations += place != no_event;
  }
  CHECK(violations > fuzz_cases(200));
}

namespace {

struct LongRun {
  std::int64_t place = -1;     ///< where the monitor saw a violation
  std::int64_t expected = -1;  ///< where one is certain at the latest
  std::size_t bytes_max = 0;   ///< of the monitor, at the tenths of the run
  std::string trouble;
  MonitorFigures figures;
};

LongRun watch_long(const SimulationOptions& simulation) {
  MonitorOptions options;
  const bool is_register = simulation.model.ends_with("register");
  if (is_register) options.check.initial = 0;
  LinearizabilityMonitor monitor(*find_model(simulation.model), options);
  LongRun run;
  std::int64_t events = 0;
  const auto result = simulate_history(simulation, [&](const Operation& operation) {
    monitor.append(operation);
    if (++events % (simulation.operations / 5) == 0) {
      run.bytes_max = std::max(run.bytes_max, monitor.figures().memory_bytes);
    }
  });
  REQUIRE(result.has_value());
  run.expected = result->violation_index;
  if (monitor.violation()) run.place = monitor.violation()->detected_at;
  if (!monitor.watches_all()) run.trouble = "gave up " + monitor.reason();
  run.figures = monitor.figures();
  return run;
}

}  // namespace

TEST_CASE("long runs are watched in flat memory, through renewals, and judged right") {
  for (const char* model : {"register", "cas-register", "counter"}) {
    CAPTURE(model);
    SimulationOptions simulation;
    simulation.model = model;
    simulation.operations = 20'000;
    const LongRun valid = watch_long(simulation);
    CHECK(valid.trouble == "");
    CHECK(valid.place == -1);
    CHECK(valid.figures.events > 39'000);
    CHECK(valid.bytes_max < 16 << 20);
    simulation.plant = Plant::stale;
    const LongRun stale = watch_long(simulation);
    CHECK(stale.place > 0);
    CHECK(stale.place <= stale.expected);
    CHECK(stale.place > 35'000);
  }
}

TEST_CASE("values that come once do not stay, and keys that are idle cost little") {
  SimulationOptions simulation;
  simulation.operations = 60'000;
  simulation.values.count = 0;  // each a new one
  const LongRun unique = watch_long(simulation);
  CHECK(unique.trouble == "");
  CHECK(unique.place == -1);
  CHECK(unique.bytes_max < 16 << 20);

  simulation = {};
  simulation.model = "kv";
  simulation.operations = 60'000;
  simulation.processes = 20;
  simulation.values.keys = 20'000;
  const LongRun kv = watch_long(simulation);
  CHECK(kv.trouble == "");
  CHECK(kv.place == -1);
  CHECK(kv.figures.keys > 10'000);
  CHECK(kv.figures.memory_bytes < kv.figures.keys * 600 + (8 << 20));
}

TEST_CASE("a read that hangs while much is written is still held against what it can have seen") {
  const Model& model = *find_model("register");
  for (const int answer : {7, 4999, 5001}) {
    LinearizabilityMonitor monitor(model);
    Operation event;
    const auto append = [&](OperationType type, Process process, const char* f, Value value) {
      event.type = type;
      event.process = process;
      event.f = f;
      event.value = std::move(value);
      monitor.append(event);
    };
    append(OperationType::invoke, 0, "write", 7);
    append(OperationType::ok, 0, "write", 7);
    append(OperationType::invoke, 0, "write", 8);
    append(OperationType::ok, 0, "write", 8);
    append(OperationType::invoke, 1, "read", {});
    for (int i = 1000; i < 5000; ++i) {
      append(OperationType::invoke, i % 2 == 0 ? 2 : 3, "write", i);
      if (i % 2 == 1) {
        append(OperationType::ok, 3, "write", i);
        append(OperationType::ok, 2, "write", i - 1);
      }
    }
    append(OperationType::ok, 1, "read", answer);
    CHECK(monitor.watches_all());
    CHECK(monitor.violation().has_value() == (answer != 4999));
  }
}

TEST_CASE("a violation comes with what was possible and what was outstanding") {
  const std::vector<TestOperation> operations = {{0, "write", 1, 1, 1, 2, OperationType::ok, "x"},
                                                 {1, "write", 2, 2, 3, 9, OperationType::ok, "x"},
                                                 {2, "read", {}, 2, 4, 5, OperationType::ok, "x"},
                                                 {3, "read", {}, 1, 6, 8, OperationType::ok, "x"}};
  const History history = make_history(operations);
  LinearizabilityMonitor monitor(*find_model("register"));
  for (EventIndex i = 0; i < history.size(); ++i)
    monitor.append(history.operation(i));
  REQUIRE(monitor.violation().has_value());
  const Anomaly& anomaly = *monitor.violation();
  CHECK(anomaly.key == "\"x\"");
  CHECK(anomaly.detected_at == 6);
  CHECK(anomaly.operations == std::vector<EventIndex>{2, 5});
  REQUIRE(anomaly.explanation.size() == 4);
  CHECK(anomaly.explanation[0] == "read by process 3 answered 1 (events 5 to 6)");
  CHECK(anomaly.explanation[1] == "the orders that explain all before leave 2");
  CHECK(anomaly.explanation[2] == "outstanding besides: write 2 (event 2)");
}

TEST_CASE("a monitor that cannot go on says why, and does not guess") {
  const Model& model = *find_model("register");
  const auto event = [](OperationType type, Process process, const char* f) {
    Operation operation;
    operation.type = type;
    operation.process = process;
    operation.f = f;
    return operation;
  };
  {
    LinearizabilityMonitor monitor(model);
    monitor.append(event(OperationType::ok, 0, "read"));
    CHECK(monitor.reason() ==
          "event 0 (process 0, read) does not fit: its process has nothing "
          "outstanding");
    CHECK(!monitor.watches_all());
  }
  {
    LinearizabilityMonitor monitor(model);
    monitor.append(event(OperationType::invoke, 0, "juggle"));
    CHECK(monitor.reason().find("no such function") != std::string::npos);
  }
  {
    LinearizabilityMonitor monitor(model);
    monitor.append(event(OperationType::invoke, 0, "read"));
    monitor.append(event(OperationType::invoke, 0, "read"));
    CHECK(monitor.reason().find("operation outstanding") != std::string::npos);
  }
  {
    std::atomic<bool> stop{true};
    MonitorOptions options;
    options.check.budget.stop = &stop;
    LinearizabilityMonitor monitor(model, options);
    monitor.append(event(OperationType::invoke, 0, "read"));
    CHECK(monitor.reason() == "the analysis was interrupted");
  }
  {
    MonitorOptions options;
    options.configurations_max = 50;
    LinearizabilityMonitor monitor(*find_model("counter"), options);
    for (Process process = 0; process < 12; ++process) {
      Operation add = event(OperationType::invoke, process, "add");
      add.value = 1 << process;
      add.key = "crowded";
      monitor.append(add);
    }
    Operation done = event(OperationType::ok, 0, "add");
    done.value = 1;
    monitor.append(done);
    CHECK(monitor.reason() == "");
    CHECK(!monitor.watches_all());
    REQUIRE(monitor.given_up().size() == 1);
    CHECK(monitor.given_up()[0].key == "\"crowded\"");
    // What comes on that key is taken and not judged; other keys are.
    done.process = 1;
    monitor.append(done);
    Operation read = event(OperationType::invoke, 1, "read");
    read.key = "quiet";
    monitor.append(read);
    read.type = OperationType::ok;
    read.value = 5;
    monitor.append(read);
    CHECK(monitor.violation().has_value());
  }
}

TEST_CASE("what is outstanding on thousands of keys survives renewals") {
  LinearizabilityMonitor monitor(*find_model("register"));
  Operation event;
  event.f = "write";
  constexpr int keys = 10'000;
  for (const OperationType type : {OperationType::invoke, OperationType::ok}) {
    event.type = type;
    for (int i = 0; i < keys; ++i) {
      event.process = i;
      event.key = i;
      event.value = 7 * i;
      monitor.append(event);
    }
  }
  event.f = "read";
  for (int i = 0; i < keys; ++i) {
    event.process = i;
    event.key = i;
    event.type = OperationType::invoke;
    event.value = {};
    monitor.append(event);
    event.type = OperationType::ok;
    event.value = i == keys - 1 ? 7 * i + 1 : 7 * i;
    monitor.append(event);
  }
  CHECK(monitor.reason() == "");
  REQUIRE(monitor.violation().has_value());
  CHECK(monitor.violation()->detected_at == 4 * keys - 1);
}
