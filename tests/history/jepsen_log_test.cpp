#include <doctest/doctest.h>

#include "history/reader.hpp"

namespace gauntlet {

namespace {

Result<ReadHistory> parse(std::string_view text) {
  return parse_history(text, "jepsen.log", HistoryFormat::jepsen_log);
}

std::string error_of(std::string_view text) {
  const auto read = parse(text);
  return read ? "no error" : read.error().what;
}

}  // namespace

TEST_CASE("operations are read from behind whatever the logger writes") {
  for (const std::string head :
       {"INFO  jepsen.util - ", "2024-05-01 10:00:00,1 INFO [worker 3] jepsen.util: ", ""}) {
    CAPTURE(head);
    const auto read = parse_history(
        head + "0\t:invoke\t:cas\t[1 2]\n" +                                                //
            head + ":nemesis :info :start nil\n" + head + "1   :invoke  :read   nil\r\n" +  //
            head + "1\t:ok\t:read\t4\n" + head + "0\t:info\t:cas\t:timed-out\n",
        "jepsen.log");
    REQUIRE(read.has_value());
    CHECK(read->format == HistoryFormat::jepsen_log);
    CHECK(read->warnings.empty());
    const History& history = read->history;
    REQUIRE(history.size() == 5);
    CHECK(history.process(1) == nemesis_process);
    CHECK(history.operation(3).value == Value(4));
    CHECK(history.error(4) == "timed-out");
    CHECK(history.operation(4).value == Value::list({1, 2}));
    CHECK(history.partner(0) == 4);
  }
}

TEST_CASE("a value and an error may both stand") {
  const auto read = parse(
      "0\t:invoke\t:write\t3\n0\t:fail\t:write\t3\t[:conn \"refused\"]\n"
      "0\t:invoke\t:write\t4\n0\t:info\t:write\t4\ttimeout\n");
  REQUIRE(read.has_value());
  CHECK(read->history.error(1) == "[:conn \"refused\"]");
  CHECK(read->history.operation(1).value == Value(3));
  CHECK(read->history.error(3) == "timeout");
}

TEST_CASE("other lines are counted, cut ones left out") {
  const auto read = parse(
      "INFO jepsen.core - starting\n\n17 seconds passed\n"
      "INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:o");
  REQUIRE(read.has_value());
  CHECK(read->history.size() == 1);
  REQUIRE(read->warnings.size() == 2);
  CHECK(read->warnings[0] == "jepsen.log:5: the last line is cut off and was left out");
  CHECK(read->warnings[1] ==
        "jepsen.log:1: 2 lines from here on are no operations and were left out");
}

TEST_CASE("a line that begins as an operation must be one") {
  CHECK(error_of("0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:okay\t:read\t1\n")
            .starts_with("jepsen.log:2:28: expected a type: :invoke, :ok, :fail or :info"));
  CHECK(error_of("4294967296\t:invoke\t:read\tnil\n")
            .starts_with("jepsen.log:1:1: expected a process from 0 to 2147483647"));
  CHECK(error_of("0\t:invoke\t:cas\t[1 2\n").starts_with("jepsen.log:1:20: expected a value or ]"));
  CHECK(error_of("0\t:invoke\n").starts_with("jepsen.log:1:10: expected a keyword"));
  CHECK(error_of("0\t:invoke\t:w\t\xC0\x80\n").starts_with("jepsen.log:1:14: expected UTF-8"));
  CHECK(error_of("1\t:ok\t:read\t1\n") ==
        "jepsen.log:1:1: process 1 completes read (index 0), which it never invoked");
}

}  // namespace gauntlet
