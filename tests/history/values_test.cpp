#include "history/values.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace gauntlet {

TEST_CASE("equal values have equal ids and read back the same") {
  Values values;
  const std::vector<Value> samples = {
      {},
      true,
      false,
      0,
      -1,
      1,
      (1 << 30) - 1,
      1 << 30,
      -(1 << 30),
      -(1 << 30) - 1,
      std::numeric_limits<std::int64_t>::max(),
      std::numeric_limits<std::int64_t>::min(),
      0.5,
      1.0,
      -1e300,
      "",
      "a",
      "a string of more than eight bytes",
      std::string("nul\0inside", 10),
      Value::list({}),
      Value::list({1, 2}),
      Value::list({2, 1}),
      Value::list({Value::list({1, 2})}),
      Value::list({"1", 2}),
      Value(Value::Map()),
      Value::map({{"x", 1}, {"y", Value::list({})}}),
  };
  std::vector<ValueId> ids;
  for (const Value& sample : samples)
    ids.push_back(values.intern(sample));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    CAPTURE(to_json(samples[i]));
    CHECK(values.to_value(ids[i]) == samples[i]);
    CHECK(values.kind(ids[i]) == samples[i].kind());
    CHECK(values.intern(samples[i]) == ids[i]);
    for (std::size_t k = 0; k < i; ++k)
      CHECK(ids[k] != ids[i]);
  }
}

TEST_CASE("many values keep their ids apart through growth of the table") {
  Values values;
  constexpr int count = 20000;
  std::vector<ValueId> strings;
  std::vector<ValueId> lists;
  for (int i = 0; i < count; ++i) {
    strings.push_back(values.string(std::to_string(i)));
    lists.push_back(values.list(std::vector{values.integer(i / 100), values.integer(i % 100)}));
  }
  for (int i = 0; i < count; ++i) {
    REQUIRE(values.as_string(strings[static_cast<std::size_t>(i)]) == std::to_string(i));
    REQUIRE(values.string(std::to_string(i)) == strings[static_cast<std::size_t>(i)]);
    const auto items = values.as_list(lists[static_cast<std::size_t>(i)]);
    REQUIRE(items.size() == 2);
    REQUIRE(values.as_integer(items[0]) == i / 100);
    REQUIRE(values.as_integer(items[1]) == i % 100);
  }
}

TEST_CASE("zero is one value whatever its sign, as a real") {
  Values values;
  CHECK(values.real(0.0) == values.real(-0.0));
  CHECK(values.real(1.0) != values.integer(1));
}

TEST_CASE("the order of a map's entries is no part of it") {
  Values values;
  const ValueId x = values.intern(Value::map({{"x", 1}, {"y", 2}, {"z", 3}}));
  CHECK(values.intern(Value::map({{"z", 3}, {"x", 1}, {"y", 2}})) == x);
  CHECK(values.intern(Value::map({{"z", 3}, {"x", 2}, {"y", 2}})) != x);
  CHECK(values.entry(x, "y") == values.integer(2));
  CHECK(values.entry(x, "w") == ValueId::nil);
  CHECK(values.entry(values.integer(1), "w") == ValueId::nil);
}

TEST_CASE("of two entries of one name the last counts") {
  Values values;
  const ValueId name = values.string("n");
  const std::vector<ValueId> twice = {name, values.integer(1), name, values.integer(2)};
  CHECK(values.map(twice) == values.intern(Value::map({{"n", 2}})));
}

TEST_CASE("views of the pool may be given back to it") {
  Values values;
  std::vector<ValueId> numbers;
  for (int i = 0; i < 1000; ++i)
    numbers.push_back(values.integer(i));
  ValueId list = values.list(numbers);
  for (int i = 1; i < 1000; ++i)
    list = values.list(values.as_list(list).subspan(1));
  CHECK(values.to_value(list) == Value::list({999}));

  ValueId text = values.string(std::string(1000, 'x') + "y");
  for (int i = 0; i < 1000; ++i)
    text = values.string(values.as_string(text).substr(1));
  CHECK(values.as_string(text) == "y");
}

TEST_CASE("texts of values are JSON and bounded") {
  Values values;
  const ValueId nested = values.intern(
      Value::map({{"a", Value::list({1, Value::list({}), "q\"", Value()})}, {"b", true}}));
  CHECK(values.to_text(nested) == R"({"a":[1,[],"q\"",null],"b":true})");
  CHECK(values.to_text(nested, 6) == R"({"a":[…)");

  const ValueId accents = values.string("ééééééé");
  CHECK(values.to_text(accents, 6) == "\"éé…");

  std::vector<ValueId> numbers(1'000'000, values.integer(7));
  const std::string cut = values.to_text(values.list(numbers), 50);
  CHECK(cut.size() <= 50 + 3);
  CHECK(cut.starts_with("[7,7,7,"));
}

}  // namespace gauntlet
