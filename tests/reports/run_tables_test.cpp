// What the reports compute from a history: counts, faults, rates, lanes.
#include <doctest/doctest.h>

#include "reports/counts.hpp"
#include "reports/faults.hpp"
#include "reports/lanes.hpp"
#include "reports/operation_text.hpp"
#include "reports/rates.hpp"
#include "reports/timebase.hpp"
#include "tests/reports/sample.hpp"

namespace gauntlet {

namespace {

/// A history from rows of (time in ms, type, process, f, value), on nodes by process.
class Rows {
 public:
  Rows& add(Nanos time_ms, OperationType type, Process process, const std::string& f, Value value,
            const std::string& error = "") {
    Operation op;
    op.time_ns = time_ms * nanos_per_millisecond;
    op.type = type;
    op.process = process;
    op.f = f;
    op.value = std::move(value);
    op.error = error;
    if (process >= 0) op.node = process % 2 == 0 ? "n1" : "n2";
    history_.append(op);
    return *this;
  }
  History take() {
    REQUIRE(history_.pair().has_value());
    return std::move(history_);
  }

 private:
  History history_;
};

constexpr auto invoke = OperationType::invoke;
constexpr auto ok = OperationType::ok;
constexpr auto fail = OperationType::fail;
constexpr auto info = OperationType::info;

History small_history() {
  return Rows()
      .add(0, invoke, 0, "write", 1)
      .add(1, invoke, 1, "read", {})
      .add(5, ok, 0, "write", 1)
      .add(7, ok, 1, "read", 1)
      .add(8, info, nemesis_process, "inject-kill",
           Value::map({{"fault", 1}, {"targets", Value::list({"n1"})}}))
      .add(9, info, nemesis_process, "inject-kill",
           Value::map({{"fault", 1},
                       {"targets", Value::list({"n1"})},
                       {"signal", 9},
                       {"took_effect", true},
                       {"evidence", "gone"}}))
      .add(10, invoke, 0, "write", 2)
      .add(11, invoke, 1, "cas", Value::list({1, 2}))
      .add(20, fail, 1, "cas", Value::list({1, 2}), "refused")
      .add(30, info, 0, "write", 2, "timeout")
      .add(31, info, nemesis_process, "inject-clock",
           Value::map({{"fault", 2}, {"targets", Value::list({"n2"})}}))
      .add(32, info, nemesis_process, "inject-clock",
           Value::map({{"fault", 2}, {"targets", Value::list({"n2"})}, {"skipped", "no right"}}))
      .add(40, info, nemesis_process, "heal-kill",
           Value::map({{"fault", 1}, {"targets", Value::list({"n1"})}}))
      .add(42, info, nemesis_process, "heal-kill",
           Value::map({{"fault", 1}, {"took_effect", true}, {"evidence", "back"}}))
      .add(50, invoke, 2, "read", {})
      .add(51, info, nemesis_process, "inject-pause",
           Value::map({{"fault", 3}, {"targets", Value::list({"n1", "n2"})}}))
      .add(52, info, nemesis_process, "inject-pause",
           Value::map({{"fault", 3},
                       {"targets", Value::list({"n1", "n2"})},
                       {"took_effect", false},
                       {"evidence", "still running"}}))
      .add(60, info, nemesis_process, "heal-all", {})
      .add(61, info, nemesis_process, "heal-all", Value::map({{"faults", Value::list({3})}}))
      .take();
}

}  // namespace

TEST_CASE("operations are counted by function, node, outcome and error") {
  const History history = small_history();
  const Timebase timebase(history);
  const HistoryCounts counts = count_operations(history, timebase);
  CHECK(counts.total.total() == 5);
  CHECK(counts.total.ok == 2);
  CHECK(counts.total.fail == 1);
  CHECK(counts.total.info == 1);
  CHECK(counts.total.open == 1);
  REQUIRE(counts.functions.size() == 3);
  CHECK(counts.functions[0].name == "write");
  CHECK(counts.functions[0].outcomes.info == 1);
  CHECK(counts.functions[0].latency.max == 5 * nanos_per_millisecond);
  REQUIRE(counts.nodes.size() == 2);
  CHECK(counts.nodes[0].outcomes.total() == 3);
  REQUIRE(counts.errors.size() == 2);
  CHECK(counts.errors[0].count == 1);
  CHECK(counts.errors_total == 2);
  CHECK(counts.errors[1].error == "timeout");
  CHECK(counts.errors[1].functions == "write");
  CHECK(counts.errors[1].nodes == "n1");
}

TEST_CASE("quantiles are values that occurred") {
  std::vector<Nanos> values;
  for (Nanos i = 100; i >= 1; --i)
    values.push_back(i);
  const LatencyQuantiles q = quantiles(values);
  CHECK(q.p50 == 51);
  CHECK(q.p95 == 95);
  CHECK(q.p99 == 99);
  CHECK(q.max == 100);
}

TEST_CASE("faults are joined with their heals by number") {
  const History history = small_history();
  const Timebase timebase(history);
  const auto faults = fault_episodes(history, timebase);
  REQUIRE(faults.size() == 3);
  CHECK(faults[0].name == "kill");
  CHECK(faults[0].targets == std::vector<std::string>{"n1"});
  CHECK(faults[0].details == "{\"signal\":9}");
  CHECK(faults[0].took_effect == true);
  CHECK(faults[0].injected == 9 * nanos_per_millisecond);
  CHECK(faults[0].healed == 42 * nanos_per_millisecond);
  CHECK(faults[0].heal_evidence == "back");
  CHECK(effect_text(faults[1]) == "skipped");
  CHECK(faults[1].over(timebase) == faults[1].begin);
  CHECK(effect_text(faults[2]) == "no effect");
  CHECK(targets_text(faults[2]) == "n1, n2");
  CHECK(faults[2].healed == 61 * nanos_per_millisecond);
  const FaultTally tallied = tally(faults);
  CHECK(tallied.took_effect == 1);
  CHECK(tallied.without_effect == 1);
  CHECK(tallied.skipped == 1);
  CHECK(tallied.not_healed == 0);
}

TEST_CASE("operations read as sentences of their values") {
  const History history = small_history();
  CHECK(operation_label(history, 0) == "write 1");
  CHECK(operation_label(history, 1) == "read → 1");
  CHECK(operation_label(history, 7) == "cas [1,2]");
  CHECK(operation_label(history, 14) == "read");
  CHECK(invocations_of(history, {3, 1, no_event, 9999, 0}) == std::vector<EventIndex>{0, 1});
}

TEST_CASE("a lane holds the processes of one worker") {
  History history = Rows()
                        .add(0, invoke, 0, "w", 1)
                        .add(0, invoke, 1, "w", 2)
                        .add(1, invoke, 2, "w", 3)
                        .add(2, invoke, 3, "w", 4)
                        .add(3, info, 1, "w", 2)
                        .add(3, info, 0, "w", 1)
                        .add(4, invoke, 5, "w", 5)
                        .add(5, invoke, 4, "w", 6)
                        .add(6, ok, 2, "w", 3)
                        .add(7, ok, 3, "w", 4)
                        .take();
  const Lanes lanes = assign_lanes(history);
  REQUIRE(lanes.lanes.size() == 4);
  CHECK(lanes.lane_of.at(0) == lanes.lane_of.at(4));
  CHECK(lanes.lane_of.at(1) == lanes.lane_of.at(5));
  CHECK(lanes.lane_of.at(2) != lanes.lane_of.at(3));
  CHECK_FALSE(lanes.merged);
  CHECK(lanes.lanes[0].node == "n1");
}

TEST_CASE("workers beyond the lanes are merged, and that is said") {
  Rows rows;
  for (Process p = 0; p < 50; ++p)
    rows.add(p, invoke, p, "w", 1);
  for (Process p = 0; p < 50; ++p)
    rows.add(100 + p, ok, p, "w", 1);
  const History history = rows.take();
  const Lanes lanes = assign_lanes(history, 20);
  CHECK(lanes.lanes.size() <= 20);
  CHECK(lanes.merged);
  CHECK(lanes.lane_of.size() == 50);
}

TEST_CASE("the time axis suits whatever the history offers") {
  SUBCASE("times since 1970") {
    const Nanos start_ms = 1'700'000'000'000;
    const History history =
        Rows().add(start_ms, invoke, 0, "w", 1).add(start_ms + 5, ok, 0, "w", 1).take();
    const Timebase timebase(history);
    CHECK(timebase.at(0) == 0);
    CHECK(timebase.end() == 5 * nanos_per_millisecond);
  }
  SUBCASE("times that are nonsense") {
    Operation op;
    op.f = "w";
    History history;
    op.time_ns = std::numeric_limits<Nanos>::max();
    history.append(op);
    op.type = ok;
    op.time_ns = std::numeric_limits<Nanos>::min();
    history.append(op);
    REQUIRE(history.pair().has_value());
    const Timebase timebase(history);
    CHECK(timebase.completed(0) >= timebase.at(0));
    CHECK(rates_over_time(history, timebase).bins.size() <= 201);
  }
}

TEST_CASE("rates count every completion once") {
  const Sample sample;
  const Timebase timebase(sample.history);
  const Rates rates = rates_over_time(sample.history, timebase);
  const HistoryCounts counts = count_operations(sample.history, timebase);
  std::size_t completions = 0;
  std::size_t latencies = 0;
  for (const auto& bin : rates.bins) {
    completions += bin.ok + bin.fail + bin.info;
    latencies += bin.latencies;
    CHECK(bin.latency.p50 <= bin.latency.max);
  }
  CHECK(completions == counts.total.total() - counts.total.open);
  CHECK(latencies == counts.total.ok);
  CHECK(round_width(60'000, 100) == 1000);
  CHECK(round_width(0, 100) == 1);
}

}  // namespace gauntlet
