// Faults that overlap are healed independently: what one keeps dead no other's heal starts.
#include <doctest/doctest.h>

#include <mutex>

#include "nemesis/heal.hpp"
#include "nemesis/node_names.hpp"
#include "nemesis/processes.hpp"
#include "tests/nemesis/fakes.hpp"
#include "tests/result_printing.hpp"
#include "tests/temporary_folder.hpp"

using namespace gauntlet;

namespace {

class StartedDatabase : public FakeDatabase {
 public:
  Result<void> start(Node& node) override {
    const std::lock_guard lock(mutex_);
    started += node.name() + " ";
    return {};
  }
  std::string started;

 private:
  std::mutex mutex_;
};

Value plan_on(const NodeNames& targets) {
  ProcessesOfNodes processes;
  for (const auto& name : targets)
    processes[name] = {{100, 1, "/bin/db"}};
  return Value::map({{"targets", to_value(targets)}, {"processes", to_value(processes)}});
}

struct Bench {
  FakeCluster cluster{3};
  StartedDatabase database;
  std::vector<FaultInPlace> in_place;

  void put(const char* fault, const NodeNames& targets) {
    const auto id = std::ssize(in_place) + 1;
    in_place.push_back({id, FaultRegistry::instance().find(fault), plan_on(targets)});
    REQUIRE(in_place.back().fault != nullptr);
  }
  /// What the heal of a fault has started.
  std::string started_by(std::int64_t id) {
    database.started.clear();
    const FaultOutcome healed = heal_one(in_place, id, {&cluster, &database});
    CHECK(healed.took_effect);
    evidence = healed.evidence;
    return database.started;
  }
  std::string evidence;
};

}  // namespace

TEST_CASE("the last heal of what keeps a database dead starts it") {
  for (const char* other : {"stop", "crash-loop", "power-failure", "restart-node"}) {
    CAPTURE(other);
    Bench bench;
    bench.put("kill", {"n1"});
    bench.put(other, {"n1", "n2"});
    CHECK(bench.started_by(2) == "n2 ");
    CHECK(bench.in_place.size() == 1);
    CHECK(bench.started_by(1) == "n1 ");
    CHECK(bench.in_place.empty());
  }
  Bench bench;
  bench.put("power-failure", {"n1"});
  bench.put("kill", {"n1"});
  CHECK(bench.started_by(1).empty());
  CHECK(bench.evidence.find("stays dead on n1 for another fault") != std::string::npos);
  CHECK(bench.started_by(2) == "n1 ");
}

TEST_CASE("what does not keep a database dead does not keep another fault from starting it") {
  for (const char* other : {"pause", "restart", "rolling-restart", "memory", "files"}) {
    CAPTURE(other);
    Bench bench;
    bench.put(other, {"n1"});
    bench.put("kill", {"n1"});
    CHECK(bench.started_by(2) == "n1 ");
  }
}

TEST_CASE("a node that left is not started by another fault's heal") {
  Bench bench;
  bench.put("kill", {"n1"});
  bench.put("membership", {"n1"});
  CHECK(bench.started_by(1).empty());
}

TEST_CASE("from a ledger each database is started once") {
  Bench bench;
  const TemporaryFolder folder;
  const std::string path = folder.path("faults.jsonl");
  {
    const auto ledger = FaultLedger::create(path);
    REQUIRE((*ledger)->injecting("kill", plan_on({"n1", "n2"})));
    REQUIRE((*ledger)->injecting("restart-node", plan_on({"n2"})));
    REQUIRE((*ledger)->injecting("unheard-of", plan_on({"n3"})));
  }
  const auto summary = heal_from_ledger(path, {&bench.cluster, &bench.database});
  REQUIRE(summary.has_value());
  CHECK(summary->healed.size() == 2);
  REQUIRE(summary->failed.size() == 1);
  CHECK(summary->failed[0] == "unheard-of (fault 3): no such fault in this version");
  CHECK(bench.database.started.size() == std::string("n1 n2 ").size());
}
