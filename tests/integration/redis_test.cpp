// redis on containers: that what databases/redis.cpp promises holds on real nodes.
#include "tests/integration/arena.hpp"

using namespace gauntlet;
using std::chrono::seconds;

namespace {

Operation invoke(Database& database, Node& node, const std::string& f, Value value = {},
                 Value key = "k") {
  auto client = database.open_client(node, Deadline::after(seconds(3)));
  REQUIRE(client);
  Operation operation = gauntlet::operation(f, std::move(value), std::move(key));
  (*client)->invoke(operation, Deadline::after(seconds(3)));
  return operation;
}

}  // namespace

TEST_CASE("redis: the primary serves, replicas follow, its clock tells, a killed one comes back") {
  if (!docker_for_tests()) return;
  TestCluster cluster(test_cluster_options("redis", 3));
  Arena arena(cluster, true, "redis");
  Database& redis = *arena.database;
  Node& first = *cluster->nodes()[0];
  Node& last = *cluster->nodes()[2];
  CHECK(*redis.primaries() == std::vector<std::string>{"n1"});
  CHECK(redis.version(last)->starts_with("7."));

  CHECK(invoke(redis, last, "read").value.is_nil());
  CHECK(invoke(redis, last, "cas", Value::list({{}, 3})).type == OperationType::ok);
  CHECK(invoke(redis, last, "cas", Value::list({{}, 4})).type == OperationType::fail);
  CHECK(invoke(redis, first, "cas", Value::list({3, 5})).type == OperationType::ok);
  CHECK(invoke(redis, last, "read").value == Value(5));
  CHECK(invoke(redis, last, "add", 9, "set").type == OperationType::ok);
  CHECK(invoke(redis, last, "read", {}, "set").value == Value::list({9}));

  const auto before = redis.clock(first);
  const auto again = redis.clock(last);
  REQUIRE(before);
  REQUIRE(again);
  CHECK((*again)->time_ns >= (*before)->time_ns);
  CHECK((*again)->time_ns - (*before)->time_ns < 10 * nanos_per_second);

  REQUIRE(redis.kill(first));
  CHECK(redis.clock(first).has_error());
  CHECK(invoke(redis, last, "write", 6).type == OperationType::fail);
  REQUIRE(redis.start(first));
  REQUIRE(redis.await_ready(Deadline::after(seconds(30))));
  CHECK(invoke(redis, last, "read").value == Value(5));
  REQUIRE(redis.stop(first));
  REQUIRE(redis.start(first));
  REQUIRE(redis.await_ready(Deadline::after(seconds(30))));
  CHECK(invoke(redis, last, "read", {}, "set").value == Value::list({9}));

  // Reads of a replica, and what a write to one would be answered.
  OptionValues own{{"appendfsync", "always"}, {"read-from", "own-node"}};
  REQUIRE(redis.configure(*cluster, own));
  const auto deadline = Deadline::after(seconds(10));
  while (invoke(redis, last, "read").value != Value(5) && !deadline.passed()) {
  }
  CHECK(invoke(redis, last, "read").value == Value(5));
}
