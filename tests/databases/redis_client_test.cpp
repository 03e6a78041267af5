#include "databases/redis_client.hpp"

#include <doctest/doctest.h>

#include "databases/redis_errors.hpp"
#include "tests/databases/raw_server.hpp"

using namespace gauntlet;
using namespace gauntlet::test;
using std::chrono::milliseconds;

namespace {

/// Answers every command with the same bytes.
std::function<void(RawServer&, Connection&)> answers(const std::string& bytes) {
  return [bytes](RawServer& server, Connection& connection) {
    for (std::string command = connection.read_some(); !command.empty();
         command = connection.read_some()) {
      server.count(command);
      connection.send(bytes);
    }
  };
}

Operation invoke(int port, const std::string& f, Value value = {}, Value key = "k",
                 milliseconds timeout = milliseconds(400)) {
  RedisClient client("127.0.0.1", "127.0.0.1", port);
  Operation operation;
  operation.f = f;
  operation.value = std::move(value);
  operation.key = std::move(key);
  client.invoke(operation, Deadline::after(timeout));
  return operation;
}

OperationType write_type(const std::string& answer) {
  RawServer server(answers(answer));
  return invoke(server.port(), "write", 1).type;
}

}  // namespace

TEST_CASE("redis: what is answered becomes the value") {
  RawServer number(answers("$2\r\n42\r\n"));
  CHECK(invoke(number.port(), "read").value == Value(42));
  RawServer nothing(answers("$-1\r\n"));
  const Operation absent = invoke(nothing.port(), "read");
  CHECK(absent.type == OperationType::ok);
  CHECK(absent.value.is_nil());
  RawServer damaged(answers("$3\r\n4x2\r\n"));
  CHECK(invoke(damaged.port(), "read").value == Value("4x2"));
  RawServer set(answers("*2\r\n$1\r\n7\r\n$1\r\n3\r\n"));
  CHECK(invoke(set.port(), "read", {}, "set").value == Value::list({7, 3}));
  CHECK(invoke(set.port(), "read").type == OperationType::fail);  // a register is no list
  RawServer done(answers("+OK\r\n"));
  CHECK(invoke(done.port(), "write", 1).type == OperationType::ok);
  RawServer one(answers(":1\r\n"));
  CHECK(invoke(one.port(), "cas", Value::list({{}, 1})).type == OperationType::ok);
  CHECK(invoke(one.port(), "add", 1, "set-3").type == OperationType::ok);
  CHECK(invoke(one.port(), "add", 1).type == OperationType::fail);
  RawServer zero(answers(":0\r\n"));
  CHECK(invoke(zero.port(), "cas", Value::list({2, 1})).type == OperationType::fail);
}

TEST_CASE("redis: refusals are definite, what is not recognized is not") {
  for (const auto& row : redis::definite_errors())
    CHECK(write_type("-" + std::string(row.start) + "x\r\n") == OperationType::fail);
  CHECK(write_type("-ERR something else\r\n") == OperationType::info);
  CHECK(write_type("-EXECABORT x\r\n") == OperationType::info);
  CHECK(write_type(":7\r\n") == OperationType::info);
  CHECK(write_type("$-1\r\n") == OperationType::info);
}

TEST_CASE("redis: without a whole answer a write is indefinite, a read fails") {
  const std::string cut = "$9\r\n123";
  for (const std::string& bytes :
       {cut, std::string("garbage\r\n"), std::string("+OK\r\n+OK\r\n")}) {
    CAPTURE(bytes);
    CHECK(write_type(bytes) == OperationType::info);
    RawServer server(answers(bytes));
    CHECK(invoke(server.port(), "read").type == OperationType::fail);
  }
  RawServer closing([](RawServer&, Connection& connection) { connection.read_some(); });
  CHECK(invoke(closing.port(), "write", 1).type == OperationType::info);
  CHECK(invoke(closing.port(), "cas", Value::list({1, 2})).type == OperationType::info);
  int port = 0;
  {
    RawServer server(answers(""));
    port = server.port();
  }
  CHECK(invoke(port, "write", 1).type == OperationType::fail);  // refused: nothing was sent
}

TEST_CASE("redis: a late answer is not taken for the next one's") {
  std::atomic<int> connections = 0;
  RawServer server([&](RawServer&, Connection& connection) {
    ++connections;
    connection.read_some();
    if (connection.number == 1) std::this_thread::sleep_for(milliseconds(150));
    connection.send(connection.number == 1 ? "$1\r\n1\r\n" : "$1\r\n2\r\n");
    connection.read_some();
  });
  RedisClient client("127.0.0.1", "127.0.0.1", server.port());
  Operation read;
  read.f = "read";
  client.invoke(read, Deadline::after(milliseconds(50)));
  CHECK(read.type == OperationType::fail);
  client.invoke(read, Deadline::after(std::chrono::seconds(3)));
  CHECK(read.value == Value(2));
  CHECK(connections == 2);
}
