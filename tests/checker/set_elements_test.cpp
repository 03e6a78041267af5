// The checker set-elements on small histories, and against the linearizable checker.
#include <doctest/doctest.h>

#include "checker/checker.hpp"
#include "tests/checker/histories.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

Verdict judge(const std::vector<TestOperation>& operations) {
  return CheckerRegistry::instance().find("set-elements")->check(make_history(operations), {});
}

TestOperation add(int value, int invoked, int completed, OperationType type = OperationType::ok) {
  return {value % 100, "add", value, value, invoked, completed, type, "set"};
}

TestOperation read(Value answer, int invoked, int completed) {
  return {200 + invoked,     "read", {}, std::move(answer), invoked, completed,
          OperationType::ok, "set"};
}

std::int64_t count(const Verdict& verdict, const char* name) {
  return verdict.statistics.find(name)->integer();
}

}  // namespace

TEST_CASE("set-elements: what is there is valid, what came of indefinite adds is recovered") {
  const Verdict verdict =
      judge({add(1, 0, 1), add(2, 2, 3, OperationType::info), add(3, 4, 5, OperationType::info),
             add(4, 6, 7, OperationType::fail), read(Value::list({2, 1}), 8, 9)});
  CHECK(verdict.validity == Validity::valid);
  CHECK(count(verdict, "recovered") == 1);
  CHECK(count(verdict, "lost") == 0);
}

TEST_CASE("set-elements: lost, stale, unexpected and duplicated elements, with their evidence") {
  const Verdict lost = judge({add(1, 0, 1), add(2, 2, 3), read(Value::list({2}), 4, 5)});
  CHECK(lost.validity == Validity::invalid);
  CHECK(count(lost, "lost") == 1);
  REQUIRE(lost.anomalies.size() == 1);
  CHECK(lost.anomalies[0].name == "lost element");
  CHECK(lost.anomalies[0].operations.size() == 2);
  CHECK_FALSE(lost.anomalies[0].verified_by.empty());
  REQUIRE(lost.statistics.find("lost_adds") != nullptr);
  CHECK(*lost.statistics.find("lost_adds") == Value::list({0}));

  const Verdict stale =
      judge({add(1, 0, 1), read(Value::list({}), 4, 5), read(Value::list({1}), 6, 7)});
  CHECK(stale.validity == Validity::invalid);
  CHECK(count(stale, "stale") == 1);
  CHECK(count(stale, "lost") == 0);

  const Verdict unexpected =
      judge({add(1, 0, 1), add(2, 2, 3, OperationType::fail), read(Value::list({1, 2, 7}), 4, 5)});
  CHECK(unexpected.validity == Validity::invalid);
  CHECK(count(unexpected, "unexpected") == 2);

  const Verdict twice = judge({add(1, 0, 1), read(Value::list({1, 1}), 4, 5)});
  CHECK(twice.validity == Validity::invalid);
  CHECK(count(twice, "duplicated") == 1);
}

TEST_CASE("set-elements: an add under way may be read or not") {
  CHECK(judge({add(1, 0, 1), add(2, 2, 6), read(Value::list({1, 2}), 3, 4)}).validity ==
        Validity::valid);
  CHECK(judge({add(1, 0, 1), add(2, 2, 6), read(Value::list({1}), 3, 7)}).validity ==
        Validity::valid);
}

TEST_CASE("set-elements: what says nothing is unknown") {
  CHECK(judge({}).validity == Validity::unknown);
  CHECK(judge({add(1, 0, 1)}).validity == Validity::unknown);
  CHECK(judge({add(1, 0, 1, OperationType::info), read(Value::list({1}), 2, 3)}).validity ==
        Validity::unknown);
  CHECK(judge({add(1, 0, 1), read(Value(3), 2, 3)}).validity == Validity::unknown);
}
