// postgres on a container: that what databases/postgres.cpp promises holds on a real node.
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

TEST_CASE("postgres: it serves, tells its clock, is killed and paused with all its processes") {
  if (!docker_for_tests()) return;
  TestCluster cluster(test_cluster_options("postgres", 2));
  Arena arena(cluster, true, "postgres");
  Database& postgres = *arena.database;
  Node& server = *cluster->nodes()[0];
  Node& other = *cluster->nodes()[1];
  CHECK(postgres.processes(other).empty());
  CHECK(postgres.version(server)->starts_with("15."));

  CHECK(invoke(postgres, other, "read").value.is_nil());
  CHECK(invoke(postgres, other, "cas", Value::list({{}, 3})).type == OperationType::ok);
  CHECK(invoke(postgres, other, "cas", Value::list({{}, 4})).type == OperationType::fail);
  CHECK(invoke(postgres, other, "cas", Value::list({3, 5})).type == OperationType::ok);
  CHECK(invoke(postgres, other, "cas", Value::list({3, 5})).type == OperationType::fail);
  CHECK(invoke(postgres, other, "read").value == Value(5));
  CHECK(invoke(postgres, other, "write", 6).type == OperationType::ok);
  CHECK(invoke(postgres, other, "add", 9, "set").type == OperationType::ok);
  CHECK(invoke(postgres, other, "add", 9, "set").type == OperationType::ok);
  CHECK(invoke(postgres, other, "read", {}, "set").value == Value::list({9, 9}));

  const auto before = postgres.clock(server);
  REQUIRE(before);
  const auto again = postgres.clock(server);
  REQUIRE(again);
  CHECK((*again)->time_ns > (*before)->time_ns);
  CHECK_FALSE(*postgres.clock(other));

  const auto status = daemon_status(server, postgres.processes(server).front());
  REQUIRE(status);
  CHECK(status->children.size() >= 4);  // checkpointer, background writer, wal writer, ...

  const Value paused = arena.inject("pause:targets=n1");
  CHECK(took_effect(paused));
  CHECK(paused.find("evidence")
            ->string()
            .find(std::to_string(status->children.size() + 1) + " processes stopped") !=
        std::string::npos);
  CHECK(invoke(postgres, other, "write", 7).type != OperationType::ok);
  CHECK(took_effect(arena.heal("pause", paused)));
  CHECK(serves(postgres, other, seconds(10)));

  REQUIRE(postgres.kill(server));
  const auto left = server.must(Command::shell("pgrep -u postgres -x postgres | wc -l"));
  REQUIRE(left);
  CHECK(left->output == "0\n");
  CHECK(invoke(postgres, other, "write", 8).type == OperationType::fail);
  REQUIRE(postgres.start(server));
  REQUIRE(postgres.await_ready(Deadline::after(seconds(30))));
  CHECK(invoke(postgres, other, "read", {}, "set").value == Value::list({9, 9}));
  REQUIRE(postgres.stop(server));
  REQUIRE(postgres.stop(server));
  REQUIRE(postgres.start(server));
  REQUIRE(postgres.await_ready(Deadline::after(seconds(30))));
  CHECK(invoke(postgres, other, "read", {}, "set").value == Value::list({9, 9}));
}
