#include "nemesis/replay.hpp"

#include <doctest/doctest.h>

#include "history/json_value.hpp"
#include "history/reader.hpp"
#include "tests/nemesis/fakes.hpp"
#include "tests/temporary_folder.hpp"

using namespace gauntlet;

namespace {

History history_of(const std::string& lines) {
  auto read = parse_history(lines, "test", HistoryFormat::json_lines);
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().to_string()));
  return std::move(read->history);
}

std::string event(std::int64_t ms, const std::string& f, const Value& value) {
  Operation operation;
  operation.time_ns = ms * nanos_per_millisecond;
  operation.process = nemesis_process;
  operation.type = OperationType::info;
  operation.f = f;
  operation.value = value;
  std::string line;
  append_json_line(line, operation);
  return line;
}

Value parameters(Value::Map map) {
  return Value::map({{"parameters", Value(std::move(map))}});
}

Value done(std::int64_t id) {
  return Value::map({{"fault", id}, {"took_effect", true}});
}

const Value pause_plan = Value::map({{"targets", Value(Value::List{Value("n2"), Value("n4")})},
                                     {"processes", Value(Value::Map{})}});

}  // namespace

TEST_CASE("what a run did becomes a schedule, decided as it was") {
  const std::string lines =
      event(5001, "inject-pause", parameters({{"targets", "minority"}})) +
      event(5300, "inject-pause", done(7)) + event(6000, "inject-kill", parameters({})) +
      event(6100, "inject-kill", Value::map({{"skipped", "it does not run"}})) +
      event(7000, "inject-kill", parameters({})) + event(7100, "inject-kill", done(8)) +
      event(9000, "heal-pause", Value::map({{"fault", 7}})) + event(9100, "heal-pause", done(7)) +
      event(9500, "heal-kill", {}) + event(9600, "heal-kill", {}) + event(10000, "heal-all", {}) +
      event(10100, "heal-all", {});
  const auto replay =
      replay_of(history_of(lines), {{7, "pause", pause_plan, true}, {8, "kill", pause_plan, true}});
  REQUIRE_MESSAGE(replay.has_value(), (replay ? "" : replay.error().to_string()));
  CHECK(to_text(replay->schedule) ==
        "at 5001ms pause:targets=n2+n4; at 7s kill:targets=n2+n4; at 9s heal 1; at 9500ms heal "
        "kill");
  REQUIRE(replay->notes.size() == 1);
  CHECK(replay->notes[0] == "kill at 6.000 s was skipped: it does not run");
}

TEST_CASE("a killed controller's last injection is in the ledger") {
  const std::string lines = event(5000, "inject-pause", parameters({}));
  const auto replay = replay_of(history_of(lines), {{1, "pause", pause_plan, false}});
  REQUIRE(replay.has_value());
  CHECK(to_text(replay->schedule) == "at 5s pause:targets=n2+n4");
  CHECK(replay_of(history_of(lines), {})->schedule.empty());
}

TEST_CASE("a run that lacks something is refused") {
  const std::string lines =
      event(5000, "inject-pause", parameters({})) + event(5100, "inject-pause", done(1));
  CHECK(replay_of(history_of(lines), {}).error().to_string() ==
        "pause at 5.000 s has no plan in faults.jsonl; the run directory is not whole");
  const Value odd = Value::map({{"targets", Value(Value::List{Value("n2;at 0 kill")})}});
  const auto told = replay_of(history_of(lines), {{1, "pause", odd, true}});
  REQUIRE(told.has_error());
  CHECK(told.error().what.find("cannot be told by parameters") != std::string::npos);
}

TEST_CASE("every fault decides again what it had decided") {
  FakeCluster cluster(5);
  FakeDatabase database;
  const FaultContext context{&cluster, &database};
  int told = 0;
  for (const Fault* fault : FaultRegistry::instance().all()) {
    CAPTURE(std::string(fault->name()));
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      Random first(seed), second(seed + 100);
      const auto plan = fault->prepare(context, Value(Value::Map{}), first);
      if (!plan) continue;  // the fake lacks something
      const Value again = fault->decided(Value(Value::Map{}), *plan);
      const auto sound = fault->check(again, {"n1", "n2", "n3", "n4", "n5"});
      CHECK_MESSAGE(sound.has_value(), (sound ? "" : sound.error().to_string()));
      const auto replayed = fault->prepare(context, again, second);
      REQUIRE_MESSAGE(replayed.has_value(), (replayed ? "" : replayed.error().to_string()));
      for (const char* part : {"targets", "grudge"}) {
        const Value *was = plan->find(part), *is = replayed->find(part);
        const bool same = (was == nullptr) == (is == nullptr) && (was == nullptr || *was == *is);
        const bool all_concerned = fault->name() == "partition" && part == std::string("targets");
        CHECK((same || all_concerned));
      }
      ++told;
    }
  }
  CHECK(told >= 40);
}

TEST_CASE("clocks that were bumped at random are bumped likewise") {
  const Value plan = *parse_json(
      R"({"targets": ["n1", "n3"], "injection": "clock-bump-0", "daemons": {},
          "changes": {"n1": {"shape": "fixed", "a": -5000000000, "b": 0},
                      "n3": {"shape": "fixed", "a": 1234567890, "b": 0}}})",
      "test");
  const Fault* const bump = FaultRegistry::instance().find("clock-bump");
  REQUIRE(bump != nullptr);
  const Value again = bump->decided(Value(Value::Map{}), plan);
  CHECK(*again.find("targets") == Value("n1+n3"));
  CHECK(*again.find("offset") == Value("n1=-5000000us/n3=1234567us"));
  CHECK(bump->check(again, {"n1", "n2", "n3"}).has_value());
  for (const char* const wrong : {"n1=x", "n1=1s/n2", "n1=1us", "1y"}) {
    CAPTURE(wrong);
    CHECK(bump->check(Value::map({{"offset", wrong}}), {"n1"}).has_error());
  }
}
