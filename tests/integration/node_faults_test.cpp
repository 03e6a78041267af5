// Faults on whole nodes and on what processes live on: seen from outside, healed, gone.
#include <doctest/doctest.h>

#include <string>

#include "nemesis/heal.hpp"
#include "tests/integration/arena.hpp"

using namespace gauntlet;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// What Docker says of a node's container.
std::string inspected(const TestCluster& cluster, const std::string& node,
                      const std::string& field) {
  const auto text =
      docker({"inspect", "--format", "{{" + field + "}}", docker_container(cluster.name(), node)});
  REQUIRE(text);
  return text->substr(0, text->find('\n'));
}

std::string state_of_container(const TestCluster& cluster, const std::string& node) {
  return inspected(cluster, node, ".State.Status");
}

bool answers(Node& node) {
  return node.run(Command::of({"true"}).within(milliseconds(500))).has_value();
}

void pause_and_resume(TestCluster& cluster, Arena& arena) {
  Node& first = cluster.node("n1");
  const Value paused = arena.inject("pause-node:targets=n1");
  CHECK(took_effect(paused));
  CHECK(state_of_container(cluster, "n1") == "paused");
  CHECK(state_of_container(cluster, "n2") == "running");
  CHECK_FALSE(answers(first));
  CHECK(took_effect(arena.heal("pause-node", paused)));
  CHECK(state_of_container(cluster, "n1") == "running");
  CHECK(answers(first));
}

/// What a killed controller left: a kill, and then a pause, which hides it.
void heal_from_outside(TestCluster& cluster, Arena& arena) {
  CHECK(took_effect(arena.inject("kill:targets=n1")));
  CHECK(took_effect(arena.inject("pause-node:targets=n1+n2")));
  const FaultContext fresh{&arena.cluster, arena.database.get()};
  const auto begin = Deadline::after(seconds(10));
  const auto healed = heal_from_ledger(arena.ledger_path(), fresh);
  CHECK_FALSE(begin.passed());
  REQUIRE(healed);
  CHECK(healed->clean());
  CHECK(healed->healed.size() == 2);
  CHECK(healed->removed.empty());
  CHECK(state_of(*arena.database, cluster.node("n1")) != "-");
  // Without a ledger.
  CHECK(took_effect(arena.inject("pause-node:targets=n3")));
  const HealSummary swept = sweep(fresh);
  CHECK(swept.clean());
  CHECK(swept.removed.size() == 1);
  CHECK(state_of_container(cluster, "n3") == "running");
}

void restart(TestCluster& cluster, Arena& arena) {
  Node& first = cluster.node("n1");
  const auto written = first.must(Command::shell("echo kept >/var/tmp/kept; cat /proc/1/stat"));
  REQUIRE(written);
  const std::string before = inspected(cluster, "n1", ".State.StartedAt");
  const Value restarted = arena.inject("restart-node:targets=n1");
  CHECK(took_effect(restarted));
  CHECK(inspected(cluster, "n1", ".State.StartedAt") != before);
  CHECK(state_of(*arena.database, first) == "-");
  const auto kept = first.must(Command::shell("cat /var/tmp/kept /proc/1/stat"));
  REQUIRE(kept);
  CHECK(kept->output.starts_with("kept\n"));
  CHECK(kept->output != "kept\n" + written->output);
  CHECK(took_effect(arena.heal("restart-node", restarted)));
  CHECK(serves(*arena.database, first, seconds(10)));

  const Value off = arena.inject("restart-node:targets=n2:back=at-heal");
  CHECK(took_effect(off));
  CHECK(state_of_container(cluster, "n2") == "exited");
  CHECK(serves(*arena.database, first, seconds(10)));
  CHECK(took_effect(arena.heal("restart-node", off)));
  CHECK(serves(*arena.database, cluster.node("n2"), seconds(10)));
}

}  // namespace

TEST_CASE("nodes are paused and restarted, also healed from outside") {
  if (!docker_for_tests()) return;
  TestCluster cluster(test_cluster_options("nodes", 3));
  Arena arena(cluster, true, "etcd");
  pause_and_resume(cluster, arena);
  heal_from_outside(cluster, arena);
  restart(cluster, arena);
  CHECK(arena.residue().empty());
}
