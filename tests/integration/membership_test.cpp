// Members of etcd and of redis that leave and join again, as another node tells them.
#include "databases/etcd_members.hpp"
#include "databases/redis_connection.hpp"
#include "nemesis/heal.hpp"
#include "tests/integration/arena.hpp"

using namespace gauntlet;
using std::chrono::seconds;

namespace {

/// Asks again where it does not serve: the leader may be among those that left.
std::size_t members_told_by(Database& database, Node& node) {
  const auto deadline = Deadline::after(seconds(8));
  while (true) {
    const auto members = database.members(node);
    if (members) return members->size();
    if (deadline.passed()) FAIL(members.error().to_string());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

/// How often the primary has sent a replica all of its data.
std::int64_t full_copies(const Node& primary) {
  RedisConnection connection(primary.address(), 6379);
  const RedisReply info = connection.command({"INFO", "stats"}, Deadline::after(seconds(2)));
  REQUIRE(info.value.is_string());
  const std::size_t at = info.value.string().find("sync_full:");
  REQUIRE(at != std::string::npos);
  return std::stoll(info.value.string().substr(at + sizeof("sync_full:") - 1));
}

OperationType write_to(Database& database, Node& node) {
  auto client = database.open_client(node, Deadline::after(seconds(2)));
  REQUIRE(client);
  Operation write = operation("write", Value(1), Value(0));
  (*client)->invoke(write, Deadline::after(seconds(2)));
  return write.type;
}

}  // namespace

TEST_CASE("membership: etcd nodes leave and join, also after the controller is gone") {
  if (!docker_for_tests()) return;
  TestCluster cluster(test_cluster_options("members", 5));
  Arena arena(cluster);
  Database& etcd = *arena.database;
  Node& first = *cluster->nodes()[0];
  Node& last = *cluster->nodes()[4];
  CHECK(members_told_by(etcd, first) == 5);

  const Value left = arena.inject("membership:targets=n5");
  CHECK(took_effect(left));
  CHECK(members_told_by(etcd, first) == 4);
  CHECK(state_of(etcd, last) == "-");
  CHECK(write_to(etcd, last) == OperationType::fail);
  CHECK(serves(etcd, first, seconds(8)));
  CHECK_FALSE(etcd.start(last));  // it would be the first of a cluster of its own
  CHECK(took_effect(arena.heal("membership", left)));
  CHECK(members_told_by(etcd, last) == 5);
  CHECK(serves(etcd, last, seconds(8)));

  // As many as a majority allows; healed by a process that knows the ledger only.
  const Value more = arena.inject("membership:targets=all");
  CHECK(took_effect(more));
  Node* const staying = [&] {
    for (Node* node : cluster->nodes())
      if (state_of(etcd, *node) != "-") return node;
    return static_cast<Node*>(nullptr);
  }();
  REQUIRE(staying != nullptr);
  CHECK(members_told_by(etcd, *staying) == 3);
  const auto none = arena.inject("membership");
  CHECK(none.find("skipped") != nullptr);
  {
    auto other = database_on(arena.cluster, "etcd");
    const auto summary = heal_from_ledger(arena.ledger_path(), {&arena.cluster, other.get()});
    REQUIRE(summary);
    CHECK(summary->clean());
    REQUIRE(summary->healed.size() == 1);
    MESSAGE(summary->healed.front());
  }
  for (Node* node : cluster->nodes()) {
    CHECK(members_told_by(etcd, *node) == 5);
    CHECK(serves(etcd, *node, seconds(8)));
  }

  // Without a ledger, wherever a controller was killed: the node that is missing is found.
  const Fault* fault = FaultRegistry::instance().find("membership");
  const std::vector<std::function<Result<void>()>> ways = {
      [&] { return etcd.leave(last); }, [&] { return etcd::remove_member(arena.cluster, last); },
      [&]() -> Result<void> {
        if (auto gone = etcd.leave(last); !gone) return gone;
        const auto added = etcd::add_member(arena.cluster, last);
        return added ? Result<void>() : added.error();
      }};
  for (const auto& interrupted : ways) {
    REQUIRE(interrupted());
    CHECK_FALSE(fault->residue(arena.context(), last)->empty());
    CHECK(fault->residue(arena.context(), first)->empty());
    CHECK(fault->clear(arena.context(), last));
    CHECK(members_told_by(etcd, last) == 5);
  }
  for (Node* node : cluster->nodes())
    CHECK(fault->residue(arena.context(), *node)->empty());
}

TEST_CASE("membership: replicas of redis leave and join, the primary stays") {
  if (!docker_for_tests()) return;
  TestCluster cluster(test_cluster_options("replicas", 3));
  Arena arena(cluster, true, "redis");
  Database& redis = *arena.database;
  Node& first = *cluster->nodes()[0];
  Node& last = *cluster->nodes()[2];
  CHECK(members_told_by(redis, first) == 3);
  CHECK(members_told_by(redis, last) == 3);
  CHECK(redis.members(first)->front() == "n1");
  const Value refused = arena.inject("membership:targets=primaries");
  REQUIRE(refused.find("skipped") != nullptr);
  CHECK(refused.find("skipped")->string().find("n1 has to stay") != std::string::npos);
  CHECK_FALSE(redis.leave(first));

  REQUIRE(write_to(redis, first) == OperationType::ok);
  const auto copies = full_copies(first);
  const Value left = arena.inject("membership:targets=n1+n3");
  CHECK(took_effect(left));
  CHECK(*redis.members(first) == std::vector<std::string>{"n1", "n2"});
  CHECK(state_of(redis, last) == "-");
  CHECK_FALSE(redis.start(last));
  CHECK(write_to(redis, first) == OperationType::ok);
  {
    auto other = database_on(arena.cluster, "redis");
    const auto summary = heal_from_ledger(arena.ledger_path(), {&arena.cluster, other.get()});
    REQUIRE(summary);
    CHECK(summary->clean());
    CHECK(summary->healed.size() == 1);
  }
  CHECK(members_told_by(redis, last) == 3);
  CHECK(full_copies(first) == copies + 1);

  // A replica that is down for a while has not left; one that left half-way is found.
  const Fault* fault = FaultRegistry::instance().find("membership");
  REQUIRE(redis.kill(last));
  CHECK(members_told_by(redis, first) == 3);
  CHECK(fault->residue(arena.context(), last)->empty());
  REQUIRE(redis.leave(last));
  CHECK_FALSE(fault->residue(arena.context(), last)->empty());
  CHECK(fault->clear(arena.context(), last));
  CHECK(fault->residue(arena.context(), last)->empty());
  CHECK(full_copies(first) == copies + 2);
}
