#include "history/history.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace gauntlet {

namespace {

using enum OperationType;

Operation event(Process process, OperationType type, std::string f, Value value = {}) {
  return {.type = type, .process = process, .f = std::move(f), .value = std::move(value)};
}

History history_of(const std::vector<Operation>& events) {
  History history;
  for (const Operation& each : events)
    history.append(each);
  return history;
}

/// What is wrong with the pairs of these events, and where; empty when nothing is.
std::string pair_error_of(const std::vector<Operation>& events) {
  History history = history_of(events);
  History::PairError error{no_event, ""};
  const auto paired = history.pair(&error);
  if (paired) return "";
  CHECK(paired.error().kind == ErrorKind::input);
  CHECK(paired.error().what == error.what);
  return std::to_string(error.event) + ": " + error.what;
}

}  // namespace

TEST_CASE("an operation is read back as it was appended") {
  const Operation first{.index = 7,
                        .time_ns = 123,
                        .type = invoke,
                        .process = 3,
                        .f = "write",
                        .value = Value::list({1, 2}),
                        .key = "k",
                        .node = "n1",
                        .error = ""};
  Operation second = first;
  second.index = 9;
  second.type = info;
  second.error = "timed out";
  second.node = "";
  const History history = history_of({event(0, invoke, "read"), first, second});
  CHECK(history.size() == 3);
  const Operation bare = history.operation(0);
  CHECK(bare.index == 0);
  CHECK(bare.time_ns == 0);
  CHECK(bare.key.is_nil());
  CHECK(bare.node.empty());
  for (const auto& [i, expected] : {std::pair(1U, first), std::pair(2U, second)}) {
    const Operation actual = history.operation(i);
    CHECK(actual.index == expected.index);
    CHECK(actual.time_ns == expected.time_ns);
    CHECK(actual.type == expected.type);
    CHECK(actual.process == expected.process);
    CHECK(actual.f == expected.f);
    CHECK(actual.value == expected.value);
    CHECK(actual.key == expected.key);
    CHECK(actual.node == expected.node);
    CHECK(actual.error == expected.error);
  }
}

TEST_CASE("columns that no event needs do not exist") {
  History history = history_of({event(0, invoke, "read"), event(0, ok, "read", 1)});
  CHECK_FALSE(history.has_times());
  CHECK_FALSE(history.has_keys());
  CHECK(history.time_ns(1) == 0);
  CHECK(history.key(1) == ValueId::nil);
  CHECK(history.index(1) == 1);
}

TEST_CASE("completions pair with invocations, a crashed operation with its info or nothing") {
  History history = history_of({
      event(0, invoke, "write", 1),
      event(1, invoke, "read"),
      event(1'000'000'000, invoke, "read"),
      event(0, ok, "write", 1),
      event(1, info, "read"),
      event(0, invoke, "cas", Value::list({1, 2})),
      event(1'000'000'000, fail, "read"),
      event(2, invoke, "write", 2),
      event(0, fail, "cas", Value::list({1, 2})),
  });
  REQUIRE(history.pair().has_value());
  const std::vector<EventIndex> partners = {3, 4, 6, 0, 1, 8, 2, no_event, 5};
  for (EventIndex i = 0; i < history.size(); ++i)
    CHECK(history.partner(i) == partners[i]);
  CHECK(history.find_function("cas") == history.f(5));
  CHECK(history.find_function("none") == no_function);
}

TEST_CASE("events of the nemesis pair by function in turn and never fail") {
  History history = history_of({
      event(nemesis_process, info, "kill"),
      event(nemesis_process, info, "partition"),
      event(nemesis_process, info, "kill"),
      event(nemesis_process, info, "kill"),
  });
  REQUIRE(history.pair().has_value());
  CHECK(history.partner(0) == 2);
  CHECK(history.partner(2) == 0);
  CHECK(history.partner(1) == no_event);
  CHECK(history.partner(3) == no_event);
  CHECK_FALSE(history.is_client(0));
}

TEST_CASE("events that no process can have are refused") {
  CHECK(pair_error_of({event(3, ok, "read", 1)}) ==
        "0: process 3 completes read (index 0), which it never invoked");
  CHECK(pair_error_of({event(3, invoke, "read"), event(3, ok, "write", 1)}) ==
        "1: process 3 completes write (index 1), but what it invoked is read (index 0)");
  CHECK(pair_error_of({event(3, invoke, "read"), event(3, invoke, "write", 1)}) ==
        "1: process 3 invokes write (index 1) while its read (index 0) is still outstanding");
  CHECK(pair_error_of({event(3, invoke, "read"), event(3, info, "read"), event(3, invoke, "read")})
            .starts_with("2: process 3 invokes read (index 2) after its info"));
  CHECK(pair_error_of({event(3, invoke, "read"), event(3, info, "read"), event(3, ok, "read")})
            .starts_with("2: process 3 completes read (index 2) after its info"));
  CHECK(pair_error_of({event(3, invoke, "read"), event(3, ok, "read"), event(3, ok, "read")}) ==
        "2: process 3 completes read (index 2), which it never invoked");
  CHECK(pair_error_of({}).empty());
}

TEST_CASE("functions are named by 16 bits and no more") {
  History history;
  for (int i = 0; i < no_function; ++i)
    REQUIRE(history.function(std::to_string(i)) == i);
  CHECK(history.function("one more") == no_function);
  CHECK(history.function("65534") == 65534);
  CHECK(history.function("3") == 3);
  CHECK(history.function_name(65534) == "65534");
}

TEST_CASE("a history can be moved with its names") {
  History history = history_of({event(0, invoke, "read"), event(0, ok, "read", "text")});
  history.text("n1");
  REQUIRE(history.pair().has_value());
  const History moved = std::move(history);
  CHECK(moved.find_function("read") == 0);
  CHECK(moved.operation(1).value == Value("text"));
  CHECK(moved.memory_bytes() > 0);
}

}  // namespace gauntlet
