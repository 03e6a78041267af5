// Members of etcd that leave and join again, as another node tells them.
#include "databases/etcd_members.hpp"
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
