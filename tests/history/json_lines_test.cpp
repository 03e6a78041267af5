#include <doctest/doctest.h>
#include <fmt/format.h>

#include <limits>

#include "history/reader.hpp"

namespace gauntlet {

namespace {

Result<ReadHistory> parse(std::string_view text) {
  return parse_history(text, "h.jsonl", HistoryFormat::json_lines);
}

std::string error_of(std::string_view text) {
  const auto read = parse(text);
  return read ? "no error" : read.error().what;
}

}  // namespace

TEST_CASE("lines that a run writes are read back as they were") {
  std::vector<Operation> written = {
      {.index = 0, .time_ns = 5, .type = OperationType::invoke, .process = 0, .f = "write"},
      {.index = 1, .time_ns = 6, .type = OperationType::info, .process = -1, .f = "kill"},
      {.index = 2, .time_ns = 7, .type = OperationType::info, .process = 0, .f = "write"},
  };
  written[0].value = Value::list({1, "zwei\n\"é\"", 2.5, Value(), true, Value::map({{"x", 3}})});
  written[0].key = 12;
  written[0].node = "n1";
  written[1].value = Value::list({"n1", "n2"});
  written[2].value = written[0].value;
  written[2].error = "timed out after 5 s";
  std::string text;
  for (const Operation& operation : written)
    append_json_line(text, operation);

  const auto read = parse(text);
  REQUIRE(read.has_value());
  CHECK(read->warnings.empty());
  CHECK(read->format == HistoryFormat::json_lines);
  REQUIRE(read->history.size() == written.size());
  for (EventIndex i = 0; i < written.size(); ++i) {
    std::string again;
    append_json_line(again, read->history.operation(i));
    std::string line;
    append_json_line(line, written[i]);
    CHECK(again == line);
  }
  CHECK(read->history.partner(0) == 2);
}

TEST_CASE("a last line that is cut off is a warning") {
  const std::string line = R"({"type":"invoke","process":0,"f":"read"})";
  auto read = parse(line + "\n" + line.substr(0, 20));
  REQUIRE(read.has_value());
  CHECK(read->history.size() == 1);
  REQUIRE(read->warnings.size() == 1);
  CHECK(read->warnings[0] == "h.jsonl:2: the last line is cut off and was left out");

  read = parse(line);
  REQUIRE(read.has_value());
  CHECK(read->history.size() == 1);
  CHECK(read->warnings.empty());

  CHECK(error_of(line + "\n" + line.substr(0, 20) + "\n").starts_with("h.jsonl:2:"));
}

TEST_CASE("errors say where and what") {
  CHECK(error_of("\n{\"type\":\"okay\",\"process\":0,\"f\":\"read\"}\n") ==
        "h.jsonl:2:2: expected a type: invoke, ok, fail or info, found \"\\\"okay\\\"\"");
  CHECK(error_of("{\"type\":\"ok\",\"process\":-1,\"f\":\"read\"}\n") ==
        "h.jsonl:1:14: expected a process from 0 to 2147483647 or \"nemesis\", found \"-1\"");
  CHECK(error_of("{\"type\":\"ok\",\"process\":0,\"f\":\"read\"}\n") ==
        "h.jsonl:1:1: process 0 completes read (index 0), which it never invoked");
}

TEST_CASE("hostile lines are errors with a place, or values kept exactly") {
  const auto with_value = [](const std::string& value) {
    return R"({"type":"invoke","process":0,"f":"w","value":)" + value + "}\n";
  };
  const std::string at = "h.jsonl:1:46: expected ";
  CHECK(error_of(with_value("1e999")).starts_with(at));
  CHECK(error_of(with_value("18446744073709551616")).starts_with(at + "JSON with numbers"));
  CHECK(error_of(with_value(std::string(1'000'000, '9'))).starts_with(at));
  CHECK(error_of(with_value("\"\xFF\"")).starts_with("h.jsonl:1:47: expected"));
  CHECK(error_of(with_value("\"\xED\xA0\x80\"")).starts_with("h.jsonl:1:"));
  CHECK(error_of(with_value(std::string("\"a\0b\"", 5))).starts_with("h.jsonl:1:48: expected"));
  CHECK(error_of(with_value("\"\\ud800\"")).starts_with("h.jsonl:1:"));
  CHECK(error_of(with_value("{\"a\":1,\"b\":{\"c\":1,\"c\":2}}"))
            .starts_with("h.jsonl:1:38: expected each name once in an object"));
  CHECK(
      error_of(with_value("1,\"value\":2")).starts_with("h.jsonl:1:38: expected each field once"));
  CHECK(error_of(with_value("[1,2").substr(0, 30) + "\n").starts_with("h.jsonl:1:"));
  CHECK(error_of("[1,2]\n") ==
        "h.jsonl:1:1: expected one JSON object an event, with type, process, "
        "f and value, found \"[1,2]\"");
  for (const std::string open : {"[", "{\"a\":", "[{\"a\":"}) {
    std::string deep;
    for (int i = 0; i < 1'000'000; ++i)
      deep += open;
    CHECK(error_of(with_value(deep)) == "h.jsonl:1:1: expected nesting of at most 64");
  }

  const auto read = parse(with_value("18446744073709551615"));
  REQUIRE(read.has_value());
  CHECK(read->history.operation(0).value == Value("18446744073709551615N"));
  const auto smallest = parse(with_value("-9223372036854775808"));
  REQUIRE(smallest.has_value());
  CHECK(smallest->history.operation(0).value == Value(std::numeric_limits<std::int64_t>::min()));
}

TEST_CASE("as many functions as there are ids, and no more") {
  std::string text;
  for (int i = 0; i <= no_function; ++i)
    text += fmt::format("{{\"type\":\"invoke\",\"process\":{},\"f\":\"f{}\"}}\n", i, i);
  CHECK(error_of(text) ==
        "h.jsonl:65536:34: expected at most 65,535 different functions f, found \"f65535\"");
}

TEST_CASE("an array of events reads like the lines") {
  const std::string first = R"({"type":"invoke","process":0,"f":"read"})";
  const std::string second = R"({"f":"read","value":"}]{","process":0,"type":"ok"})";
  auto read = parse_history(" [" + first + ",\n " + second + " ]\n", "h.json");
  REQUIRE(read.has_value());
  CHECK(read->format == HistoryFormat::json_array);
  REQUIRE(read->history.size() == 2);
  CHECK(read->history.operation(1).value == Value("}]{"));
  CHECK(read->history.partner(0) == 1);

  read = parse_history("[]", "h.json");
  REQUIRE(read.has_value());
  CHECK(read->history.empty());

  const std::vector<std::string> cuts = {"[" + first, "[" + first + ",", "[" + first + ", {\"a\""};
  for (const std::string& cut : cuts) {
    CAPTURE(cut);
    read = parse_history(cut, "h.json");
    REQUIRE(read.has_value());
    CHECK(read->history.size() == 1);
    CHECK(read->warnings.size() == 1);
  }
}

TEST_CASE("errors in arrays say where and what") {
  const std::string first = R"({"type":"invoke","process":0,"f":"read"})";
  const auto array_error = [](std::string_view text) {
    const auto read = parse_history(text, "h.json", HistoryFormat::json_array);
    return read ? "no error" : read.error().what;
  };
  CHECK(array_error("[" + first + "\n" + first + "]") ==
        "h.json:2:1: expected a comma or ], found "
        "\"{\\\"type\\\":\\\"invoke\\\",\\\"process\\\":0,\\\"f\\\":\\\"read\\\"}\"...");
  CHECK(array_error("[" + first + ", 5]") == "h.json:1:44: expected an object, found \"5]\"");
  CHECK(array_error("[" + first + "] x").starts_with("h.json:1:44: expected nothing behind"));
  CHECK(
      array_error("[\n {\"type\":\"ok\" \"f\":1}]").starts_with("h.json:2:15: expected one JSON"));
  CHECK(array_error("[" + first + ", {\"process\": 3, \"f\n:1}, " + first + "]")
            .starts_with("h.json:1:44: expected an object that ends"));
  CHECK(array_error("[\n" + first + ",\n  " + first + "]")
            .starts_with("h.json:3:3: process 0 invokes read"));
}

}  // namespace gauntlet
