#include "nemesis/exact_schedule.hpp"

#include <doctest/doctest.h>

#include "harness/generator/generators.hpp"
#include "harness/generator/simulate.hpp"

using namespace gauntlet;

namespace {

/// A nemesis that takes 300 ms, numbers its faults from 11 on, and cannot do `skipped`.
SimulationSetup setup_without(const std::string& skipped) {
  SimulationSetup setup;
  setup.clients = 1;
  setup.nemesis = true;
  setup.time_max_ns = 600 * nanos_per_second;
  setup.latency = [](const Operation&, Random&) { return 300 * nanos_per_millisecond; };
  setup.complete = [=, next = std::int64_t{10}](Operation& operation, Random&) mutable {
    operation.type = OperationType::info;
    if (!operation.f.starts_with("inject")) return;
    operation.value = operation.f == "inject-" + skipped
                          ? Value::map({{"skipped", "cannot"}})
                          : Value::map({{"fault", ++next}, {"took_effect", true}});
  };
  return setup;
}

std::string acts_of(const std::string& text, const std::string& skipped = "") {
  std::string told;
  for (const auto& act :
       simulate(exact_schedule(*parse_schedule(text)), setup_without(skipped)).invocations()) {
    told += std::to_string(act.time_ns / nanos_per_millisecond) + " " + act.f;
    if (const Value* id = act.value.find("fault")) told += " " + to_json(*id);
    told += "\n";
  }
  return told;
}

std::string normal(std::string_view text) {
  const auto schedule = parse_schedule(text);
  REQUIRE_MESSAGE(schedule.has_value(), (schedule ? "" : schedule.error().to_string()));
  return to_text(*schedule);
}

std::string refusal(std::string_view text) {
  const auto schedule = parse_schedule(text);
  REQUIRE(schedule.has_error());
  CHECK(schedule.error().kind == ErrorKind::usage);
  return schedule.error().to_string();
}

}  // namespace

TEST_CASE("a schedule is read in all its spellings, and written in one") {
  CHECK(normal("at 5s partition halves; at 15s heal; at 20s kill:targets=n1; at 25s heal kill") ==
        "at 5s partition:shape=halves; at 15s heal; at 20s kill:targets=n1; at 25s heal kill");
  CHECK(normal(" at 1.5s inject pause n2 ;; at 2000ms heal 1;\n at 2000.5ms heal all;") ==
        "at 1500ms pause:targets=n2; at 2s heal 1; at 2000500us heal");
  CHECK(normal("at 0 loss:targets=n1:probability=0.5") == "at 0s loss:targets=n1:probability=0.5");
  CHECK(normal("at 1s partition grudge=n1~n2/n3>n4") == "at 1s partition:grudge=n1~n2/n3>n4");
  CHECK(normal("").empty());
}

TEST_CASE("what makes no sense is refused with the column and a suggestion") {
  CHECK(refusal("at 5s partition halves; at 15s hel") ==
        "schedule, column 25: no fault 'hel'; did you mean 'heal'?");
  CHECK(refusal("at 5s partitoin").find("did you mean 'partition'?") != std::string::npos);
  CHECK(refusal("5s kill") ==
        "schedule, column 1: expected 'at', not '5s'; write at TIME FAULT or at TIME heal");
  CHECK(refusal("at soon kill").find("'soon' is no time") != std::string::npos);
  CHECK(refusal("at 31h kill").find("'31h' is no time") != std::string::npos);
  CHECK(refusal("at 5s").find("nothing is to be done") != std::string::npos);
  CHECK(refusal("at 5s kill; at 4s heal").find("4s comes before 5s") != std::string::npos);
  CHECK(refusal("at 5s kill; at 6s heal 2").find("no injection 2") != std::string::npos);
  CHECK(refusal("at 5s kill; at 6s heal pause").find("no pause is injected before") !=
        std::string::npos);
  CHECK(refusal("at 5s partition shape=halve").find("did you mean 'halves'?") != std::string::npos);
  CHECK(refusal("at 5s heal 99999999999999999999").find("no fault") != std::string::npos);
}

TEST_CASE("no act of any source is later than a schedule can say") {
  ScheduledAct late;
  late.kind = ScheduledAct::Kind::heal_all;
  late.at_ns = 30 * 3600 * nanos_per_second;
  CHECK(check_next({}, late).has_value());
  late.at_ns += nanos_per_second;
  CHECK(check_next({}, late).has_error());
}

TEST_CASE("nothing that is typed breaks the parser") {
  const std::string seed =
      "at 5s partition:shape=halves; at 15s heal; at 20s kill n1; at 25s heal 2; at 1.5m loss";
  Random random(7);
  int sound = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seed;
    for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
      const std::size_t at = random.below(text.size());
      switch (random.below(4)) {
        case 0:
          text[at] = static_cast<char>(random.below(256));
          break;
        case 1:
          text.erase(at, 1 + random.below(8));
          break;
        case 2:
          text.insert(at, seed.substr(random.below(seed.size()), random.below(12)));
          break;
        default:
          text.insert(at, 1, ";: =+~\n0"[random.below(8)]);
      }
      if (text.empty()) text = ";";
    }
    const auto schedule = parse_schedule(text);
    if (!schedule) {
      CHECK(!schedule.error().what.empty());
      continue;
    }
    ++sound;
    const std::string once = to_text(*schedule);
    const auto again = parse_schedule(once);
    REQUIRE_MESSAGE(again.has_value(), once);
    CHECK(to_text(*again) == once);
  }
  CHECK(sound > 100);
}

TEST_CASE("acts come at their times, and heals find their faults") {
  CHECK(acts_of("at 5s partition halves; at 6s kill; at 15s heal 1; at 16s pause; at 20s heal kill;"
                "at 25s heal") ==
        "5000 inject-partition\n6000 inject-kill\n15000 heal-partition 11\n16000 inject-pause\n"
        "20000 heal-kill\n25000 heal-all\n");
  // The nemesis is busy: late, but nothing is lost.
  CHECK(acts_of("at 5s kill; at 5s pause; at 5.1s heal 2; at 9s heal 1") ==
        "5000 inject-kill\n5300 inject-pause\n5600 heal-pause 12\n9000 heal-kill 11\n");
  CHECK(acts_of("at 5s kill; at 6s pause; at 7s heal 1; at 8s heal 2", "kill") ==
        "5000 inject-kill\n6000 inject-pause\n8000 heal-pause 11\n");
}

TEST_CASE("a schedule is checked against the nodes") {
  const auto schedule = parse_schedule("at 5s kill n4");
  CHECK(check_schedule(*schedule, {"n1", "n4"}).has_value());
  CHECK(check_schedule(*schedule, {"n1", "n2"}).has_error());
}
