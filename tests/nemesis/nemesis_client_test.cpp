#include <doctest/doctest.h>
#include <fmt/format.h>

#include <thread>

#include "harness/generator/generators.hpp"
#include "nemesis/heal.hpp"
#include "nemesis/nemesis.hpp"
#include "tests/nemesis/fakes.hpp"
#include "tests/temporary_folder.hpp"

using namespace gauntlet;

namespace {

struct Bench {
  explicit Bench(std::size_t nodes = 5, std::uint64_t seed = 1)
      : cluster(nodes),
        ledger_path(folder.path("faults.jsonl")),
        ledger(*FaultLedger::create(ledger_path)),
        nemesis({&cluster, &database}, *ledger, seed) {}

  Value act(const std::string& f, Value value = {}) {
    Operation act = operation(f, std::move(value));
    nemesis.invoke(act, Deadline::never());
    CHECK(act.type == OperationType::info);
    CHECK(act.f == f);
    return act.value;
  }
  Value inject(const std::string& shape = "halves") {
    return act("inject-partition", Value::map({{"parameters", Value::map({{"shape", shape}})}}));
  }
  std::size_t tables() const {
    std::size_t sum = 0;
    for (const auto& node : cluster.fakes)
      sum += node->tables.size();
    return sum;
  }
  std::size_t unhealed() const {
    std::size_t sum = 0;
    const auto entries = *FaultLedger::read(ledger_path);
    for (const auto& entry : entries)
      sum += !entry.healed;
    return sum;
  }

  TemporaryFolder folder;
  FakeCluster cluster;
  FakeDatabase database;
  std::string ledger_path;
  std::unique_ptr<FaultLedger> ledger;
  NemesisClient nemesis;
};

}  // namespace

TEST_CASE("an injection is in the ledger before it acts, and in the history with what it did") {
  Bench bench;
  std::atomic<int> early = 0, acts = 0;
  for (auto& node : bench.cluster.fakes) {
    node->before_run = [&](const std::string& script) {
      if (script.find("nft -f -") == std::string::npos) return;
      ++acts;
      early += bench.unhealed() != 1;
    };
  }
  const Value done = bench.inject();
  CHECK(acts == 5);
  CHECK(early == 0);
  CHECK(done.find("fault")->integer() == 1);
  CHECK(done.find("took_effect")->boolean());
  CHECK(done.find("targets")->items().size() == 5);
  CHECK(done.find("grudge")->is_map());
  CHECK(done.find("evidence")->string().find("12 rules on 5 nodes") != std::string::npos);
  CHECK(bench.tables() == 5);

  const Value healed = bench.act("heal-partition", Value::map({{"fault", 1}}));
  CHECK(healed.find("fault")->integer() == 1);
  CHECK(healed.find("took_effect")->boolean());
  CHECK(healed.find("evidence")->string().find("12 rules removed, dropped 12 packets") !=
        std::string::npos);
  CHECK(bench.tables() == 0);
  CHECK(bench.unhealed() == 0);
  CHECK(bench.act("heal-partition", Value::map({{"fault", 1}})).find("evidence")->string() ==
        "healed before");
}

TEST_CASE("faults that overlap are healed one by one") {
  Bench bench;
  const auto first = bench.inject("majorities-ring").find("fault")->integer();
  const auto second = bench.inject("halves").find("fault")->integer();
  CHECK(bench.tables() == 10);
  bench.act("heal-partition", Value::map({{"fault", first}}));
  CHECK(bench.tables() == 5);
  CHECK(bench.unhealed() == 1);
  const Value all = bench.act("heal-all");
  CHECK(*all.find("faults") == Value::list({second}));
  CHECK(bench.tables() == 0);
  CHECK(bench.act("heal-all").find("faults")->items().empty());
}

TEST_CASE("the seed and the count of injections decide what is drawn") {
  const auto grudges = [](std::uint64_t seed) {
    Bench bench(5, seed);
    Value::List list;
    for (int i = 0; i < 5; ++i)
      list.push_back(*bench.inject("any").find("grudge"));
    return Value(list);
  };
  CHECK(grudges(1) == grudges(1));
  CHECK(grudges(1) != grudges(2));
}

TEST_CASE("what cannot be had is skipped with the reason") {
  Bench two(2);
  const Value ring = two.inject("majorities-ring");
  CHECK(ring.find("skipped")->string() == "2 nodes have no partition of shape majorities-ring");
  CHECK(ring.find("unsupported") == nullptr);
  CHECK(two.unhealed() == 0);

  Bench one(1);
  const Value alone = one.inject();
  CHECK(alone.find("skipped")->string() == "there is only one node");
  CHECK(alone.find("unsupported")->boolean());

  Operation nonsense = operation("dance");
  two.nemesis.invoke(nonsense, Deadline::never());
  CHECK_FALSE(nonsense.error.empty());
}

TEST_CASE("nothing is injected that the ledger does not know of") {
  FakeCluster cluster(3);
  FakeDatabase database;
  auto ledger = FaultLedger::create("/dev/full");
  if (!ledger) return;  // no such device here
  NemesisClient nemesis({&cluster, &database}, **ledger, 1);
  Operation inject = operation("inject-partition");
  nemesis.invoke(inject, Deadline::never());
  CHECK(inject.value.find("skipped") != nullptr);
  for (const auto& node : cluster.fakes)
    CHECK(node->tables.empty());
}

TEST_CASE("a node that is lost keeps its fault in the ledger until it can be healed") {
  Bench bench(3);
  bench.inject("bridge");
  for (auto& node : bench.cluster.fakes)
    node->down = !node->tables.empty();
  std::jthread returns([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    for (auto& node : bench.cluster.fakes)
      node->down = false;
  });
  CHECK(bench.nemesis.heal_all().empty());
  CHECK(bench.tables() == 0);
  CHECK(bench.unhealed() == 0);
}

TEST_CASE("a fresh process heals from the ledger, newest first, and sweeps") {
  Bench bench(3);
  bench.inject("halves");
  bench.inject("bridge");
  bench.cluster.fakes[0]->tables["gauntlet_partition_stray"] = "";
  FakeDatabase unknown;
  const FaultContext context{&bench.cluster, nullptr};
  const auto summary = heal_from_ledger(bench.ledger_path, context);
  REQUIRE(summary.has_value());
  CHECK(summary->clean());
  REQUIRE(summary->healed.size() == 2);
  CHECK(summary->healed[0].starts_with("partition (fault 2): "));
  REQUIRE(summary->removed.size() == 1);
  CHECK(summary->removed[0] == "partition on n1: table inet gauntlet_partition_stray");
  CHECK(bench.tables() == 0);
  CHECK(bench.unhealed() == 0);
  CHECK(heal_from_ledger(bench.ledger_path, context)->healed.empty());
  CHECK(heal_from_ledger(bench.folder.path("absent"), context).has_error());
}

TEST_CASE(
    "a cut that no packet has met is shown by a ping without an answer, and by nothing less") {
  const auto inject_with = [](const std::string& ping_status) {
    Bench bench(2);
    for (auto& node : bench.cluster.fakes) {
      node->answer = [&](const std::string& script) -> std::string {
        if (script.find("ping -n") != std::string::npos)
          return fmt::format("0 {0}\n1 {0}\n7 0\nrubbish", ping_status);
        return "ip saddr 10.0.0.1 counter packets 0 bytes 0 drop\n"
               "ip saddr 10.0.0.2 counter packets 0 bytes 0 drop\n";
      };
    }
    return bench.inject();
  };
  const Value silent = inject_with("1");
  CHECK(silent.find("took_effect")->boolean());
  CHECK(silent.find("evidence")->string().find("2 rules on 2 nodes") != std::string::npos);
  const Value answered = inject_with("0");
  CHECK_FALSE(answered.find("took_effect")->boolean());
  CHECK(answered.find("evidence")->string().find("n1 still gets answers of n2") !=
        std::string::npos);
  CHECK_FALSE(inject_with("2").find("took_effect")->boolean());  // ping could not run
}

TEST_CASE("plans from a file are not trusted") {
  FakeCluster cluster(2);
  const FaultContext context{&cluster, nullptr};
  const Fault* partition = FaultRegistry::instance().find("partition");
  const auto plan = [](const char* table, const char* address) {
    return Value::map({{"table", table},
                       {"grudge", Value::map({{"n1", Value::list({"n2"})}})},
                       {"addresses", Value::map({{"n1", Value::list({"10.0.0.1"})},
                                                 {"n2", Value::list({address})},
                                                 {"n9", Value::list({"10.0.0.9"})}})}});
  };
  CHECK(partition->heal(context, plan("gauntlet_partition_0", "10.0.0.2")).took_effect);
  CHECK_FALSE(partition->heal(context, plan("filter", "10.0.0.2")).took_effect);
  CHECK_FALSE(
      partition->heal(context, plan("gauntlet_partition_0; reboot", "10.0.0.2")).took_effect);
  CHECK_FALSE(
      partition->inject(context, plan("gauntlet_partition_0", "10.0.0.2; reboot")).took_effect);
  CHECK_FALSE(partition->heal(context, Value()).took_effect);
  Value unknown = plan("gauntlet_partition_0", "10.0.0.2");
  unknown.set("addresses", Value::map({{"n2", Value::list({"10.0.0.2"})}}));
  CHECK_FALSE(partition->inject(context, unknown).took_effect);
  Value stranger = plan("gauntlet_partition_0", "10.0.0.2");
  stranger.set("grudge", Value::map({{"n9", Value::list({"n2"})}}));
  CHECK(partition->heal(context, stranger).evidence.find("n9 is no node") != std::string::npos);
}
