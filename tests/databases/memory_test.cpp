#include <doctest/doctest.h>

#include <thread>

#include "harness/run/database.hpp"
#include "tests/databases/named_cluster.hpp"

using namespace gauntlet;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct Fixture {
  explicit Fixture(const std::string& bug, const std::string& latency = "0")
      : database(DatabaseRegistry::instance().find("memory")->make()) {
    REQUIRE(database->configure(cluster, {{"bug", bug}, {"latency", latency}}).has_value());
  }

  ClientPtr client(std::size_t node) {
    auto opened = database->open_client(*cluster.nodes()[node], Deadline::never());
    REQUIRE(opened.has_value());
    return std::move(*opened);
  }

  NamedCluster cluster;
  std::unique_ptr<Database> database;
};

Operation invoke(Client& client, std::string f, Value value = {}, Value key = 1,
                 Deadline deadline = Deadline::after(seconds(5))) {
  Operation operation;
  operation.f = std::move(f);
  operation.value = std::move(value);
  operation.key = std::move(key);
  client.invoke(operation, deadline);
  return operation;
}

}  // namespace

TEST_CASE("memory: registers, seen from every node") {
  Fixture fixture("none");
  CHECK(fixture.database->embedded());
  const ClientPtr a = fixture.client(0);
  const ClientPtr b = fixture.client(2);
  CHECK(invoke(*a, "read").value.is_nil());
  CHECK(invoke(*a, "write", 5).type == OperationType::ok);
  for (int i = 0; i < 200; ++i)
    CHECK(invoke(*b, "read").value == Value(5));
  CHECK(invoke(*b, "read", {}, 2).value.is_nil());
  CHECK(invoke(*b, "cas", Value::list({4, 6})).type == OperationType::fail);
  CHECK(invoke(*b, "cas", Value::list({5, 6})).type == OperationType::ok);
  CHECK(invoke(*a, "read").value == Value(6));
  CHECK(invoke(*b, "cas", Value::list({{}, 7}), 2).type == OperationType::ok);
  CHECK(invoke(*a, "read", {}, 2).value == Value(7));
  CHECK(invoke(*a, "append", 1).type == OperationType::fail);
  CHECK(invoke(*a, "cas", 1).type == OperationType::fail);
}

TEST_CASE("memory: compare-and-set is atomic over threads") {
  Fixture fixture("none", "20us");
  const ClientPtr first = fixture.client(0);
  invoke(*first, "write", 0);
  std::atomic<int> succeeded = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 4; ++t)
      threads.emplace_back([&, client = std::shared_ptr<Client>(fixture.client(t % 3))] {
        for (int i = 0; i < 100; ++i) {
          const Value now = invoke(*client, "read").value;
          const Operation cas = invoke(*client, "cas", Value::list({now, now.integer() + 1}));
          if (cas.type == OperationType::ok) ++succeeded;
        }
      });
  }
  CHECK(succeeded > 0);
  CHECK(invoke(*first, "read").value == Value(succeeded.load()));
}

TEST_CASE("memory: stale reads where they are asked for, and nowhere else") {
  Fixture fixture("stale-read");
  std::vector<int> stale(3);
  const ClientPtr writer = fixture.client(0);
  std::vector<ClientPtr> readers;
  for (std::size_t node = 0; node < 3; ++node)
    readers.push_back(fixture.client(node));
  for (int i = 0; i < 300; ++i) {
    invoke(*writer, "write", i);
    for (std::size_t node = 0; node < 3; ++node)
      if (invoke(*readers[node], "read").value != Value(i)) ++stale[node];
  }
  CHECK(stale[0] == 0);
  CHECK(stale[1] > 0);
  CHECK(stale[2] > 0);
  CHECK(stale[1] + stale[2] < 150);
}

TEST_CASE("memory: lost writes where they are asked for") {
  Fixture fixture("lost-write");
  const ClientPtr client = fixture.client(0);
  int lost = 0;
  for (int i = 0; i < 300; ++i) {
    const bool written = invoke(*client, "write", i).type == OperationType::ok;
    if (written && invoke(*client, "read").value != Value(i)) ++lost;
  }
  CHECK(lost > 0);
  CHECK(lost < 100);
}

TEST_CASE("memory: an operation keeps its deadline") {
  Fixture fixture("none", "10s");
  const ClientPtr client = fixture.client(0);
  for (const char* f : {"read", "write"}) {
    const Nanos start = monotonic_now();
    const Operation operation =
        invoke(*client, f, f[0] == 'w' ? Value(1) : Value(), 1, Deadline::after(milliseconds(20)));
    CHECK(operation.type != OperationType::ok);
    CHECK_FALSE(operation.error.empty());
    CHECK(monotonic_now() - start < 2 * nanos_per_second);
  }
}

TEST_CASE("memory: options that do not fit") {
  NamedCluster cluster;
  const auto database = DatabaseRegistry::instance().find("memory")->make();
  for (const char* latency : {"", "soon", "11s", "-1s"})
    CHECK(database->configure(cluster, {{"bug", "none"}, {"latency", latency}}).error().kind ==
          ErrorKind::usage);
}
