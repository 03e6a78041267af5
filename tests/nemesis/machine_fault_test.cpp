// Faults on whole machines, with fakes: what they do, and that they are healed before others.
#include <doctest/doctest.h>

#include <atomic>

#include "nemesis/heal.hpp"
#include "nemesis/nemesis.hpp"
#include "tests/nemesis/fakes.hpp"
#include "tests/result_printing.hpp"
#include "tests/temporary_folder.hpp"

using namespace gauntlet;

namespace {

const Fault& fault_named(const char* name) {
  const Fault* const fault = FaultRegistry::instance().find(name);
  REQUIRE(fault != nullptr);
  return *fault;
}

Value planned(const Fault& fault, const FaultContext& context, Value::Map parameters) {
  Random random(1);
  const auto plan = fault.prepare(context, Value(std::move(parameters)), random);
  REQUIRE(plan);
  return *plan;
}

MachineState state_of(FakeCluster& cluster, const char* node) {
  return cluster.fake_machines.status(*cluster.find(node))->state;
}

}  // namespace

TEST_CASE("pause-node pauses its targets only; residue and clear need no plan") {
  FakeCluster cluster(3);
  FakeDatabase database;
  const FaultContext context{&cluster, &database};
  const Fault& pause = fault_named("pause-node");
  const Value plan = planned(pause, context, {{"targets", "n2"}});
  CHECK(pause.inject(context, plan).took_effect);
  CHECK(state_of(cluster, "n1") == MachineState::running);
  CHECK(state_of(cluster, "n2") == MachineState::paused);
  CHECK(pause.heal(context, plan).took_effect);
  CHECK(pause.heal(context, plan).took_effect);
  CHECK(state_of(cluster, "n2") == MachineState::running);

  CHECK(pause.inject(context, plan).took_effect);
  Node& second = *cluster.find("n2");
  CHECK(*pause.residue(context, second) == "the node is paused");
  CHECK(pause.clear(context, second));
  CHECK(pause.residue(context, second)->empty());
}

TEST_CASE("restart-node restarts once, and leaves a node off where asked") {
  FakeCluster cluster(3);
  FakeDatabase database;
  const FaultContext context{&cluster, &database};
  const Fault& restart = fault_named("restart-node");
  const Value plan = planned(restart, context, {{"targets", "n1"}});
  const FaultOutcome first = restart.inject(context, plan);
  CHECK(first.took_effect);
  CHECK(first.evidence == "n1 was restarted (at 1, before at 0)");
  CHECK(restart.inject(context, plan).evidence == first.evidence);

  const Value long_plan = planned(restart, context, {{"targets", "n2"}, {"back", "at-heal"}});
  CHECK(restart.inject(context, long_plan).took_effect);
  CHECK(state_of(cluster, "n2") == MachineState::off);
  CHECK(*restart.residue(context, *cluster.find("n2")) == "the node is off");
  CHECK(restart.heal(context, long_plan).took_effect);
  CHECK(state_of(cluster, "n2") == MachineState::running);
  CHECK_FALSE(restart.check(Value::map({{"back", "never"}}), {}));
}

TEST_CASE("without machines of the provider faults on them are refused with the reason") {
  FakeCluster cluster(3);
  cluster.has_machines = false;
  FakeDatabase database;
  const FaultContext context{&cluster, &database};
  for (const char* const name : {"pause-node", "restart-node"}) {
    CAPTURE(name);
    const Fault& fault = fault_named(name);
    CHECK(fault.unsupported(context) ==
          "nodes of the provider fake cannot be acted upon from outside");
    CHECK(fault.residue(context, *cluster.find("n1"))->empty());
    const Value plan = Value::map({{"targets", Value(Value::List{Value("n1")})}});
    CHECK_FALSE(fault.inject(context, plan).skipped.empty());
  }
}

TEST_CASE("memory is limited once at a time, so that what is given back is what was there") {
  FakeCluster cluster(3);
  FakeDatabase database;
  const FaultContext context{&cluster, &database};
  const Fault& memory = fault_named("memory");
  const Value plan = planned(memory, context, {{"targets", "n1"}, {"limit_mib", 64}});
  CHECK(plan.find("before")->find("n1")->integer() == 1 << 30);
  Node& first = *cluster.find("n1");
  REQUIRE(cluster.fake_machines.limit_memory(first, {64 << 20, 64 << 20}));
  Random random(1);
  const auto again =
      memory.prepare(context, Value::map({{"targets", "n1"}, {"limit_mib", 32}}), random);
  REQUIRE(again.has_error());
  CHECK(again.error().what == "n1 may use only 64.0 MiB already");
  CHECK(memory.residue(context, first)->find("64.0 MiB") != std::string::npos);
}

TEST_CASE("what cannot be healed for another fault's sake is healed after it") {
  FakeCluster cluster(3);
  struct Needy : FakeDatabase {
    explicit Needy(FakeCluster& nodes) : cluster(nodes) {}
    Result<void> start(Node&) override {
      for (const auto& node : cluster.fakes) {
        if (!node->tables.empty()) return failure(ErrorKind::remote, "it is cut off");
      }
      ++starts;
      return {};
    }
    FakeCluster& cluster;
    std::atomic<int> starts = 0;
  };
  Needy database(cluster);
  const FaultContext context{&cluster, &database};
  const TemporaryFolder folder;
  const std::string path = folder.path("faults.jsonl");
  const Fault& partition = fault_named("partition");
  const Value cut = planned(partition, context, {{"shape", "halves"}});
  {
    const auto ledger = FaultLedger::create(path);
    REQUIRE(ledger);
    REQUIRE((*ledger)->injecting("partition", cut));
    REQUIRE((*ledger)->injecting("power-failure", Value::map({{"targets", Value::list({"n1"})}})));
  }
  CHECK(partition.inject(context, cut).took_effect);
  const auto healed = heal_from_ledger(path, context);
  REQUIRE(healed);
  CHECK(healed->clean());
  REQUIRE(healed->healed.size() == 2);
  CHECK(healed->healed[0].starts_with("partition"));
  CHECK(healed->healed[1].starts_with("power-failure"));
  CHECK(database.starts == 1);
}

TEST_CASE("paused nodes go on before other faults on them are healed") {
  FakeCluster cluster(3);
  FakeDatabase database;
  const FaultContext context{&cluster, &database};
  const TemporaryFolder folder;
  const std::string path = folder.path("faults.jsonl");
  const Fault& pause = fault_named("pause-node");
  const Value paused = planned(pause, context, {{"targets", "n1"}});
  const Value cut = planned(fault_named("partition"), context, {{"shape", "halves"}});
  {
    const auto ledger = FaultLedger::create(path);
    REQUIRE(ledger);
    REQUIRE((*ledger)->injecting("pause-node", paused));
    REQUIRE((*ledger)->injecting("partition", cut));
  }
  CHECK(pause.inject(context, paused).took_effect);
  const auto healed = heal_from_ledger(path, context);
  REQUIRE(healed);
  CHECK(healed->clean());
  REQUIRE(healed->healed.size() == 2);
  CHECK(healed->healed[0].starts_with("pause-node"));
  CHECK(healed->healed[1].starts_with("partition"));

  CHECK(pause.inject(context, paused).took_effect);
  const HealSummary back = bring_machines_back(cluster);
  CHECK(back.clean());
  CHECK(back.removed == std::vector<std::string>{"n1 was resumed"});
}
