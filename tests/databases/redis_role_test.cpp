#include "databases/redis_role.hpp"

#include <doctest/doctest.h>

#include "tests/databases/raw_server.hpp"
#include "tests/result_printing.hpp"

using namespace gauntlet;
using namespace gauntlet::redis;

TEST_CASE("redis: ROLE tells who follows whom") {
  const auto primary = role_from(Value::list({"master", 17,
                                              Value::list({Value::list({"10.0.0.2", "6379", "17"}),
                                                           Value::list({"host", "6379", "3"})})}));
  REQUIRE(primary);
  CHECK(primary->primary);
  CHECK(primary->replicas == std::vector<std::string>{"10.0.0.2", "host"});
  const auto alone = role_from(Value::list({"master", 0, Value::list({})}));
  REQUIRE(alone);
  CHECK(alone->replicas.empty());
  for (const std::string state : {"connect", "connecting", "sync", "connected"}) {
    const auto replica = role_from(Value::list({"slave", "10.0.0.1", 6379, state, 17}));
    REQUIRE(replica);
    CHECK_FALSE(replica->primary);
    CHECK(replica->linked == (state == "connected"));
  }
}

TEST_CASE("redis: what is no answer to ROLE is none") {
  for (const Value& answer :
       {Value(), Value("master"), Value(Value::List{}), Value::list({"sentinel", 1, 2}),
        Value::list({"master", 1}), Value::list({"master", 1, 2}), Value::list({1, 2, 3}),
        Value::list({"master", 1, Value::list({"10.0.0.2"})}),
        Value::list({"master", 1, Value::list({Value(Value::List{})})}),
        Value::list({"master", 1, Value::list({Value::list({7})})}), Value::list({"slave", "x"})}) {
    CAPTURE(to_json(answer));
    CHECK_FALSE(role_from(answer));
  }
  test::RawServer server([](test::RawServer&, test::Connection& connection) {
    (void)connection.read_some();
    connection.send("-LOADING x\r\n");
  });
  CHECK_FALSE(role_of("127.0.0.1", server.port(), Deadline::after(std::chrono::seconds(1))));
}
