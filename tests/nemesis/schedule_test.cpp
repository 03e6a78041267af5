#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "harness/generator/generators.hpp"
#include "harness/generator/simulate.hpp"
#include "nemesis/nemesis.hpp"

using namespace gauntlet;

namespace {

constexpr Nanos interval = 10 * nanos_per_second;
const Pace even = *parse_pace("even", interval, 1);

std::vector<FaultRequest> requests() {
  return *parse_fault_requests("partition:shape=halves,kill,pause");
}

/// A nemesis that takes 300 ms and numbers its faults; what `unsupported` names it cannot do.
SimulationSetup setup_with(std::uint64_t seed, const std::string& unsupported = "",
                           const std::string& skipped = "") {
  SimulationSetup setup;
  setup.clients = 1;
  setup.nemesis = true;
  setup.seed = seed;
  setup.time_max_ns = 600 * nanos_per_second;
  setup.latency = [](const Operation&, Random&) { return 300 * nanos_per_millisecond; };
  setup.complete = [=, next = std::int64_t{0}](Operation& operation, Random&) mutable {
    operation.type = OperationType::info;
    if (!operation.f.starts_with("inject")) return;
    operation.value = Value::map({{"fault", ++next}, {"took_effect", true}});
    if (operation.f == "inject-" + unsupported) {
      operation.value = Value::map({{"skipped", "cannot"}, {"unsupported", true}});
    } else if (operation.f == "inject-" + skipped) {
      operation.value = Value::map({{"skipped", "nobody leads"}});
    }
  };
  return setup;
}

std::string text_of(const std::vector<Operation>& operations) {
  std::string text;
  for (const auto& operation : operations)
    append_json_line(text, operation);
  return text;
}

}  // namespace

TEST_CASE("quiet, a fault, its heal, quiet, ...") {
  const auto simulation = simulate(nemesis_schedule(requests(), even), setup_with(1));
  CHECK(simulation.end == Simulation::End::cut);
  const auto acts = simulation.invocations();
  REQUIRE(acts.size() > 40);
  std::map<std::string, int> counts;
  Nanos quiet_since = 0;
  for (std::size_t i = 0; i + 1 < acts.size(); i += 2) {
    const Operation& inject = acts[i];
    const Operation& heal = acts[i + 1];
    CHECK(inject.process == nemesis_process);
    REQUIRE(inject.f.starts_with("inject-"));
    CHECK(heal.f == "heal-" + inject.f.substr(7));
    CHECK(heal.value == Value::map({{"fault", static_cast<std::int64_t>(i / 2 + 1)}}));
    for (const Nanos stretch : {inject.time_ns - quiet_since,
                                heal.time_ns - inject.time_ns - 300 * nanos_per_millisecond}) {
      CHECK(stretch >= interval / 2);
      CHECK(stretch <= interval * 3 / 2);
    }
    quiet_since = heal.time_ns + 300 * nanos_per_millisecond;
    ++counts[inject.f];
  }
  CHECK(counts.size() == 3);
  for (const auto& [f, count] : counts)
    CHECK(count >= 3);
  CHECK(
      *acts[0].value.find("parameters") ==
      (acts[0].f == "inject-partition" ? Value::map({{"shape", "halves"}}) : Value(Value::Map{})));
}

TEST_CASE("the seed decides the schedule, whatever the clients do") {
  const auto acts = [](std::uint64_t seed, bool busy) {
    auto nemesis = nemesis_schedule(requests(), even);
    auto clients = busy ? gen::on_clients(gen::fixed(operation("read"))) : gen::nothing();
    auto setup = setup_with(seed);
    setup.time_max_ns = 120 * nanos_per_second;
    std::vector<Operation> result;
    for (auto& act :
         simulate(gen::any(std::move(nemesis), std::move(clients)), setup).invocations()) {
      if (act.process != nemesis_process) continue;
      act.index = 0;
      result.push_back(std::move(act));
    }
    return text_of(result);
  };
  CHECK(acts(1, false) == acts(1, false));
  CHECK(acts(1, false) == acts(1, true));
  CHECK(acts(1, false) != acts(2, false));
}

TEST_CASE("what is not supported is asked for once") {
  const auto simulation = simulate(nemesis_schedule(requests(), even), setup_with(1, "pause"));
  int pauses = 0;
  std::string last;
  for (const auto& act : simulation.invocations()) {
    if (last == "inject-pause") CHECK(act.f.starts_with("inject-"));
    last = act.f;
    pauses += act.f == "inject-pause";
    CHECK(act.f != "heal-pause");
  }
  CHECK(pauses == 1);

  const auto none =
      simulate(nemesis_schedule(*parse_fault_requests("kill"), even), setup_with(1, "kill"));
  CHECK(none.end == Simulation::End::exhausted);
  CHECK(none.invocations().size() == 1);
  CHECK(simulate(nemesis_schedule({}, even), setup_with(1)).events.empty());
}

TEST_CASE("what is skipped is not healed, and tried again") {
  const auto simulation = simulate(nemesis_schedule(requests(), even), setup_with(3, "", "kill"));
  int kills = 0;
  for (const auto& act : simulation.invocations()) {
    kills += act.f == "inject-kill";
    CHECK(act.f != "heal-kill");
  }
  CHECK(kills > 1);
}

TEST_CASE("faults overlap up to the limit, and each is healed by its number") {
  const auto simulation =
      simulate(nemesis_schedule(requests(), *parse_pace("even", interval, 2)), setup_with(1));
  std::map<std::int64_t, std::string> in_place;
  std::size_t most = 0, twice = 0;
  std::int64_t injections = 0;
  for (const auto& act : simulation.invocations()) {
    if (act.f.starts_with("inject-")) {
      for (const auto& [id, name] : in_place)
        twice += name == act.f.substr(7);
      in_place[++injections] = act.f.substr(7);
    } else {
      const std::int64_t id = act.value.find("fault")->integer();
      REQUIRE(in_place.contains(id));
      CHECK(act.f == "heal-" + in_place[id]);
      in_place.erase(id);
    }
    most = std::max(most, in_place.size());
  }
  CHECK(most == 2);
  CHECK(twice == 0);
  CHECK(injections > 40);
}

TEST_CASE("a package counts as one, and its faults come by and by") {
  const auto simulation = simulate(nemesis_schedule(*parse_fault_requests("kill,network"), even),
                                   setup_with(1, "loss"));
  std::map<std::string, int> counts;
  int all = 0;
  for (const auto& act : simulation.invocations()) {
    if (!act.f.starts_with("inject-")) continue;
    ++counts[act.f.substr(7)];
    ++all;
  }
  CHECK(counts["kill"] > all / 4);
  CHECK(counts["kill"] < all * 3 / 4);
  CHECK(counts["loss"] <= 1);
  CHECK(counts.size() > 3);
}

TEST_CASE("a random pace keeps its gaps and its quiet times") {
  const auto pace = parse_pace("random:mean=20s:min=8s:lasts=3s:quiet=60s-90s", interval, 1);
  REQUIRE(pace.has_value());
  const auto simulation = simulate(nemesis_schedule(requests(), *pace), setup_with(1));
  const auto acts = simulation.invocations();
  REQUIRE(acts.size() > 30);
  Nanos last = 0, sum = 0;
  int injections = 0;
  for (const auto& act : acts) {
    CHECK_FALSE((act.time_ns > 60 * nanos_per_second && act.time_ns < 90 * nanos_per_second));
    if (!act.f.starts_with("inject-")) continue;
    CHECK(act.time_ns - last >= 8 * nanos_per_second);
    sum += act.time_ns - last;
    last = act.time_ns;
    ++injections;
  }
  const Nanos mean = sum / injections;
  CHECK(mean > 12 * nanos_per_second);
  CHECK(mean < 32 * nanos_per_second);

  // Each fault by its own clock: several may be in place.
  const auto groups = parse_pace("random:mean=20s:min=8s:group=fault", interval, 1);
  int in_place = 0, most = 0;
  for (const auto& act :
       simulate(nemesis_schedule(requests(), *groups), setup_with(1)).invocations()) {
    in_place += act.f.starts_with("inject-") ? 1 : -1;
    most = std::max(most, in_place);
  }
  CHECK(most >= 2);
}

TEST_CASE("paces that make no sense are refused") {
  for (const char* text :
       {"", "evn", "even:mean=1s", "random:men=1s", "random:mean=x", "random:mean=1s:min=2s",
        "random:quiet=5s", "random:quiet=9s-5s", "random:quiet=1s-5s+4s-6s", "random:group=node"}) {
    CAPTURE(text);
    CHECK(parse_pace(text, interval, 1).has_error());
  }
  CHECK(parse_pace("random:group=node", interval, 1).error().kind == ErrorKind::usage);
}

TEST_CASE("the final heal is one operation") {
  const auto simulation = simulate(final_heal(), setup_with(1));
  CHECK(simulation.end == Simulation::End::exhausted);
  REQUIRE(simulation.events.size() == 2);
  CHECK(simulation.events[0].f == "heal-all");
}
