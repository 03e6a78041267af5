#include "databases/etcd_client.hpp"

#include <doctest/doctest.h>

#include "tests/databases/raw_server.hpp"

using namespace gauntlet;
using namespace gauntlet::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const std::string header = R"("header":{"member_id":"7","revision":"5"})";

Operation operation(std::string f, Value value = {}) {
  Operation result;
  result.process = 4;
  result.f = std::move(f);
  result.value = std::move(value);
  result.key = "k";
  return result;
}

Operation invoke(const std::string& origin, Operation op, milliseconds timeout = seconds(3)) {
  EtcdClient client(origin, false);
  client.invoke(op, Deadline::after(timeout));
  return op;
}

/// The three functions' types after an exchange with a server of this behaviour.
struct Types {
  OperationType read, write, cas;
  bool operator==(const Types&) const = default;
};

Types types_with(const std::function<void(RawServer&, Connection&)>& behaviour) {
  RawServer server(behaviour);
  const milliseconds timeout(300);
  return {invoke(server.origin(), operation("read"), timeout).type,
          invoke(server.origin(), operation("write", 1), timeout).type,
          invoke(server.origin(), operation("cas", Value::list({1, 2})), timeout).type};
}

constexpr Types indefinite{OperationType::fail, OperationType::info, OperationType::info};
constexpr Types definite{OperationType::fail, OperationType::fail, OperationType::fail};

}  // namespace

TEST_CASE("operations that succeed") {
  RawServer server([](RawServer&, Connection& connection) {
    const std::string request = connection.read_request();
    const bool range = request.starts_with("POST /v3/kv/range ");
    const bool txn = request.starts_with("POST /v3/kv/txn ");
    connection.answer(200, "{" + header +
                               (range ? R"(,"kvs":[{"key":"Z2F1bnRsZXQvaw==","value":"NDI="}]})"
                                : txn ? R"(,"succeeded":true})"
                                      : "}"));
  });
  const Operation read = invoke(server.origin(), operation("read"));
  CHECK(read.type == OperationType::ok);
  CHECK(read.value == Value(42));
  CHECK(read.process == 4);
  CHECK(read.f == "read");
  CHECK(invoke(server.origin(), operation("write", 1)).type == OperationType::ok);
  const Operation cas = invoke(server.origin(), operation("cas", Value::list({{}, 2})));
  CHECK(cas.type == OperationType::ok);
  CHECK(cas.value == Value::list({{}, 2}));
}

TEST_CASE("a comparison that fails is definite") {
  RawServer server(always(200, "{" + header + "}"));
  const Operation cas = invoke(server.origin(), operation("cas", Value::list({1, 2})));
  CHECK(cas.type == OperationType::fail);
  CHECK(cas.value == Value::list({1, 2}));
}

TEST_CASE("operations that are not offered are not sent") {
  RawServer server(always(200, "{" + header + "}"));
  for (const Operation& op :
       {operation("append", 1), operation("write"), operation("write", "x"), operation("cas", 1),
        operation("cas", Value::list({1})), operation("cas", Value::list({1, {}}))}) {
    const Operation completed = invoke(server.origin(), op);
    CHECK(completed.type == OperationType::fail);
    CHECK_FALSE(completed.error.empty());
  }
  CHECK(server.requests() == 0);
}

TEST_CASE("a member that is not there: definite") {
  std::string origin;
  {
    RawServer server([](RawServer&, Connection&) {});
    origin = server.origin();
  }
  CHECK(invoke(origin, operation("write", 1)).type == OperationType::fail);
  CHECK(invoke(origin, operation("cas", Value::list({1, 2}))).type == OperationType::fail);
}

TEST_CASE("what happened cannot be known: reads fail, changes are info") {
  const auto sends = [](const std::string& bytes) {
    return [bytes](RawServer&, Connection& connection) {
      connection.read_request();
      connection.send(bytes);
    };
  };
  CHECK(types_with(sends("")) == indefinite);
  CHECK(types_with(sends("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"header\"")) ==
        indefinite);
  CHECK(types_with(sends("garbage")) == indefinite);
  CHECK(types_with([](RawServer&, Connection& connection) {
          connection.read_request();
          std::this_thread::sleep_for(milliseconds(400));
        }) == indefinite);
  CHECK(types_with(always(200, "{\"header\":{}}")) == indefinite);
  CHECK(types_with(always(200, "")) == indefinite);
  CHECK(types_with(always(200, std::string(2 << 20, 'x'))) == indefinite);
  CHECK(types_with(always(503, R"({"error":"etcdserver: leader changed","code":14})")) ==
        indefinite);
  CHECK(types_with(always(500, "")) == indefinite);
}

TEST_CASE("rejected before it was proposed: definite") {
  CHECK(types_with(always(500, R"({"error":"etcdserver: too many requests","code":2})")) ==
        definite);
  CHECK(types_with(always(400, R"({"error":"etcdserver: request is too large","code":3})")) ==
        definite);
}

TEST_CASE("an operation is never sent twice") {
  RawServer server([](RawServer& self, Connection& connection) {
    self.count(connection.read_request());
    if (connection.number == 1) {
      connection.answer(200, "{" + header + "}");
      self.count(connection.read_request());
    } else {
      connection.answer(200, "{" + header + "}");
    }
  });
  EtcdClient client(server.origin(), false);
  Operation first = operation("write", 1);
  client.invoke(first, Deadline::after(seconds(3)));
  REQUIRE(first.type == OperationType::ok);
  Operation second = operation("write", 2);
  client.invoke(second, Deadline::after(seconds(3)));
  CHECK(second.type == OperationType::info);
  CHECK(server.requests() == 2);
}
