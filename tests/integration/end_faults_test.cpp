// Faults that end the database's processes, on redis and postgres: they are gone, they come back.
#include "tests/integration/arena.hpp"

using namespace gauntlet;
using std::chrono::seconds;

namespace {

std::string evidence_of(const Value& value) {
  const Value* evidence = value.find("evidence");
  return evidence == nullptr ? std::string() : evidence->string();
}

std::int64_t pid_of(const Database& database, Node& node) {
  const auto status = daemon_status(node, database.processes(node).front());
  REQUIRE(status);
  return status->running ? status->pid : 0;
}

}  // namespace

TEST_CASE("stop, restart, rolling-restart and crash-loop end redis and bring it back") {
  if (!docker_for_tests()) return;
  TestCluster cluster(test_cluster_options("end", 2));
  Arena arena(cluster, true, "redis");
  Database& redis = *arena.database;
  Node& first = *cluster->nodes()[0];
  Node& second = *cluster->nodes()[1];

  const Value few_files = arena.inject("files:targets=n1");
  const Value stopped = arena.inject("stop:targets=n1");
  CHECK(took_effect(stopped));
  CHECK(pid_of(redis, first) == 0);
  CHECK(took_effect(arena.heal("files", few_files)));
  CHECK(pid_of(redis, first) == 0);
  CHECK(pid_of(redis, second) != 0);
  CHECK(took_effect(arena.heal("stop", stopped)));
  CHECK(serves(redis, second, seconds(10)));

  const std::int64_t before = pid_of(redis, first);
  const std::int64_t before_second = pid_of(redis, second);
  const Value restarted = arena.inject("restart:targets=n1");
  CHECK(took_effect(restarted));
  CHECK(pid_of(redis, first) != 0);
  CHECK(pid_of(redis, first) != before);
  CHECK(took_effect(arena.heal("restart", restarted)));

  const std::int64_t between = pid_of(redis, first);
  const Value rolled = arena.inject("rolling-restart");
  CHECK(took_effect(rolled));
  CHECK(evidence_of(rolled).find("2 processes") != std::string::npos);
  CHECK(pid_of(redis, first) != between);
  CHECK(pid_of(redis, second) != before_second);
  CHECK(took_effect(arena.heal("rolling-restart", rolled)));

  const Value looped = arena.inject("crash-loop:targets=n1:times=3:gap_ms=100");
  CHECK(took_effect(looped));
  CHECK(pid_of(redis, first) == 0);
  CHECK(took_effect(arena.heal("crash-loop", looped)));
  CHECK(serves(redis, second, seconds(10)));
  CHECK(arena.residue().empty());
}

TEST_CASE("kill and crash-loop take all processes of postgres") {
  if (!docker_for_tests()) return;
  TestCluster cluster(test_cluster_options("endpg", 1));
  Arena arena(cluster, true, "postgres");
  Database& postgres = *arena.database;
  Node& server = *cluster->nodes()[0];
  for (const std::string fault : {"kill", "crash-loop"}) {
    const Value ended = arena.inject(fault + ":targets=n1");
    CHECK(took_effect(ended));
    const auto left = server.must(Command::shell("pgrep -u postgres -x postgres | wc -l"));
    REQUIRE(left);
    CHECK(left->output == "0\n");
    CHECK(took_effect(arena.heal(fault, ended)));
    CHECK(serves(postgres, server, seconds(20)));
  }
}
