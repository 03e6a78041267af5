#include "history/json_value.hpp"

#include <doctest/doctest.h>

using namespace gauntlet;

TEST_CASE("a document comes back as it was written") {
  const Value value = Value::map({{"list", Value::list({1, -2, 2.5, "a\"<\n", {}, true})},
                                  {"map", Value::map({{"deep", Value::list({})}})},
                                  {"big", std::int64_t{9007199254740993}}});
  const auto read = parse_json(to_json(value), "test");
  REQUIRE(read.has_value());
  CHECK(*read == value);
}

TEST_CASE("malformed documents name the place") {
  const auto read = parse_json("{\"a\": 1,\n  oops}", "plan.json");
  REQUIRE(read.has_error());
  CHECK(read.error().what == "plan.json:2:3: expected JSON");
  CHECK(parse_json("", "x").has_error());
  CHECK(parse_json(std::string(100'000, '['), "x").has_error());
  CHECK(parse_json("\"\xff\"", "x").has_error());
  CHECK(parse_json("1e999", "x").has_error());
  CHECK(read_json_file("/nowhere/plan.json").error().kind == ErrorKind::usage);
}
