#include <doctest/doctest.h>

#include <map>

#include "harness/generator/generators.hpp"
#include "harness/generator/simulate.hpp"
#include "nemesis/nemesis.hpp"

using namespace gauntlet;

namespace {

constexpr Nanos interval = 10 * nanos_per_second;

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
  const auto simulation = simulate(nemesis_schedule(requests(), interval), setup_with(1));
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
    auto nemesis = nemesis_schedule(requests(), interval);
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
  const auto simulation = simulate(nemesis_schedule(requests(), interval), setup_with(1, "pause"));
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
      simulate(nemesis_schedule(*parse_fault_requests("kill"), interval), setup_with(1, "kill"));
  CHECK(none.end == Simulation::End::exhausted);
  CHECK(none.invocations().size() == 1);
  CHECK(simulate(nemesis_schedule({}, interval), setup_with(1)).events.empty());
}

TEST_CASE("what is skipped is not healed, and tried again") {
  const auto simulation =
      simulate(nemesis_schedule(requests(), interval), setup_with(3, "", "kill"));
  int kills = 0;
  for (const auto& act : simulation.invocations()) {
    kills += act.f == "inject-kill";
    CHECK(act.f != "heal-kill");
  }
  CHECK(kills > 1);
}

TEST_CASE("the final heal is one operation") {
  const auto simulation = simulate(final_heal(), setup_with(1));
  CHECK(simulation.end == Simulation::End::exhausted);
  REQUIRE(simulation.events.size() == 2);
  CHECK(simulation.events[0].f == "heal-all");
}
