#include "history/plain_json.hpp"

#include <doctest/doctest.h>

#include "history/json_event.hpp"
#include "tests/history/reading_invariants.hpp"

namespace gauntlet {

namespace {

/// Whether the fast parser takes a line; what it takes is compared with the full parser.
bool is_plain(const std::string& line) {
  CHECK(parser_difference(line) == "");
  const std::string padded = line + std::string(json_padding, '\0');
  Reading reading("h");
  PlainJsonParser parser(reading);
  Event event;
  return parser.parse(std::string_view(padded).substr(0, line.size()), event);
}

std::string with_value(const std::string& value) {
  return R"({"type":"ok","process":0,"f":"read","value":)" + value + "}";
}

}  // namespace

TEST_CASE("the lines of a run take the fast way") {
  for (const Value& value :
       {Value(), Value(true), Value(false), Value(0), Value(-1), Value(12345678),
        Value(std::int64_t{999'999'999'999'999'999}), Value(std::int64_t{-123456789012345678}),
        Value("text"), Value(""), Value::list({}), Value::list({1, "a", Value::list({2, 3})})}) {
    CAPTURE(to_json(value));
    std::string line;
    append_json_line(line, {.index = 12,
                            .time_ns = 987'654'321'012,
                            .type = OperationType::info,
                            .process = 2'147'483'647,
                            .f = "write",
                            .value = value,
                            .key = 17,
                            .node = "n1",
                            .error = "timed out after 5 s"});
    line.pop_back();
    CHECK(is_plain(line));
    CHECK(is_plain(with_value(to_json(value))));
  }
  CHECK(is_plain(R"({"process": "nemesis", "f": "partition-halves", "type": "info"})"));
}

TEST_CASE("what is not plain is left to the full parser") {
  for (const std::string value : {"1.5",
                                  "1e3",
                                  "1000000000000000000",
                                  "9223372036854775808",
                                  "\"\\n\"",
                                  "\"\xC3\xA9\"",
                                  "{}",
                                  "[1,2 ]",
                                  "[1,]",
                                  "[,1]",
                                  "[1",
                                  "01",
                                  "-",
                                  "-01",
                                  "+1",
                                  "tru",
                                  "nul",
                                  "\"a",
                                  "1 ",
                                  "",
                                  "[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]"}) {
    CAPTURE(value);
    CHECK_FALSE(is_plain(with_value(value)));
  }
  for (const std::string line :
       {"", "{", "{}", R"({"type":"ok","process":0})", R"({"process":0,"f":"read"})",
        R"({"type":"ok","process":0,"f":"read","type":"ok"})",
        R"({"type":"ok","process":-1,"f":"read"})", R"({"type":"ok","process":0,"f":"read"} )",
        R"({"type":"ok","process":0,"f":"read"}})", R"({"type":"ok","process":0,"f":"read",})",
        R"({"type":"ok","process":2147483648,"f":"read"})",
        R"({"type":"ok","process":0,"f":"read","index":-1})",
        R"({"type":"ok","process":0,"f":"read","x":1})",
        R"({"type":"okay","process":0,"f":"r"})"}) {
    CAPTURE(line);
    CHECK_FALSE(is_plain(line));
  }
}

TEST_CASE("functions keep their names whatever their length") {
  Reading reading("h");
  PlainJsonParser parser(reading);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 30; ++i) {
      const std::string name(static_cast<std::size_t>(i), static_cast<char>('a' + i % 3));
      const std::string line = R"({"type":"ok","process":0,"f":")" + name + "\"}";
      const std::string padded = line + std::string(json_padding, '\0');
      Event event;
      REQUIRE(parser.parse(std::string_view(padded).substr(0, line.size()), event));
      CHECK(reading.history.function_name(event.f) == name);
    }
  }
  CHECK(reading.history.function_count() == 30);
}

}  // namespace gauntlet
