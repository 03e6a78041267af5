#include "history/edn.hpp"

#include <doctest/doctest.h>

#include "history/reader.hpp"

namespace gauntlet {

namespace {

/// A form as JSON text, or what was expected instead and where.
std::string form(std::string_view text) {
  Values values;
  EdnParser parser(text);
  const auto id = parser.value(values);
  if (!id) return std::to_string(parser.failure().offset) + ": " + parser.failure().expected;
  if (!parser.skip_blanks() || !parser.at_end()) return "more behind the form";
  return values.to_text(*id, 1 << 20);
}

Result<ReadHistory> parse(std::string_view text) {
  return parse_history(text, "h.edn");
}

std::string error_of(std::string_view text) {
  const auto read = parse(text);
  return read ? "no error" : read.error().what;
}

constexpr std::string_view read_0 = "{:process 0, :type :invoke, :f :read, :value nil}";

}  // namespace

TEST_CASE("forms become the values that are nearest") {
  CHECK(form("nil") == "null");
  CHECK(form("true") == "true");
  CHECK(form("[1 -2, +3]") == "[1,-2,3]");
  CHECK(form("(1 (2) [])") == "[1,[2],[]]");
  CHECK(form("{:a 1, \"b\" [2] :c/d nil}") == R"({"a":1,"b":[2],"c/d":null})");
  CHECK(form("{1 10, 2 20}") == R"({"1":10,"2":20})");
  CHECK(form("#{3 1 2}") == "[1,2,3]");
  CHECK(form("#{\"b\" :a 7}") == R"([7,"a","b"])");
  CHECK(form(":key") == "\"key\"");
  CHECK(form("::ns/key") == "\"ns/key\"");
  CHECK(form("a.symbol/x") == "\"a.symbol/x\"");
  CHECK(form("-") == "\"-\"");
  CHECK(form("[\\a \\newline \\( \\\\ \\u0041 \\space]") == R"(["a","\n","(","\\","A"," "])");
  CHECK(form("1.5") == "1.5");
  CHECK(form("-1e3") == "-1000.0");
  CHECK(form("1.50M") == "\"1.50M\"");
  CHECK(form("-1/3") == "\"-1/3\"");
  CHECK(form("7N") == "7");
  CHECK(form("12345678901234567890123") == "\"12345678901234567890123N\"");
  CHECK(form("-12345678901234567890123N") == "\"-12345678901234567890123N\"");
  CHECK(form("9223372036854775807") == "9223372036854775807");
  CHECK(form("0x1f") == "31");
  CHECK(form("##Inf") == "null");  // JSON has no infinity
  CHECK(form(R"("a\n\"\\\u00e9\ud83d\ude00")") == R"("a\n\"\\é😀")");
  CHECK(form("#inst \"2024-01-01\"") == "\"2024-01-01\"");
  CHECK(form("#jepsen.history.Op{:index 1}") == R"({"index":1})");
  CHECK(form("#object[clojure.core$f__8439 0x4bd07fe5 {:status :pending}]") ==
        R"(["clojure.core$f__8439",1271955429,{"status":"pending"}])");
  CHECK(form("#:ns{:a 1}") == R"({"a":1})");
  CHECK(form("#\"a\\\"b\"") == R"("a\\\"b")");
  CHECK(form("^{:meta 1} [2]") == "[2]");
  CHECK(form("'x") == "\"x\"");
  CHECK(form("; comment\n #_ [ignored #_ too] 5 ; more\n") == "5");
}

TEST_CASE("sets are equal however they are written") {
  Values values;
  EdnParser a("#{[1 2] 3 :x \"y\"}");
  EdnParser b("#{\"y\" :x [1 2], 3}");
  CHECK(a.value(values) == b.value(values));
}

TEST_CASE("what is no form says what was expected, and where") {
  CHECK(form("") == "0: a value");
  CHECK(form("[1 2") == "4: a value or ]");
  CHECK(form("[1 2}") == "4: a value");
  CHECK(form("{:a}") == "3: a value");
  CHECK(form("{:a 1 :a 2}") == "0: each key once in a map");
  CHECK(form("\"abc") == "4: the end of a string: \"");
  CHECK(form("\"a\\q\"") == "3: an escape that EDN has");
  CHECK(form("\"\\ud800x\"") == "7: the second half of a surrogate");
  CHECK(form("1x") == "0: a number");
  CHECK(form("1e999") == "0: a number");
  CHECK(form("1/") == "0: a ratio");
  CHECK(form("0xfffffffffffffffff") == "0: a hexadecimal number that fits 64 bits");
  CHECK(form("#") == "1: a tag");
  CHECK(form("##x") == "2: Inf, -Inf or NaN");
  CHECK(form("\\") == "1: a character");
  CHECK(form("\\abc") == "1: a character");
  CHECK(form(":") == "1: a keyword");
  CHECK(form("#_") == "2: a value");
}

TEST_CASE("nesting is bounded, whatever nests") {
  for (const std::string open : {"[", "(", "{", "{:a ", "#{", "#t ", "#_ ", "^", "'", "[#_ "}) {
    std::string text;
    for (int i = 0; i < 1'000'000; ++i)
      text += open;
    CAPTURE(open);
    CHECK(form(text).ends_with(": nesting of at most 64"));
  }
  std::string deep = std::string(60, '[') + std::string(60, ']');
  CHECK(form(deep) == deep);
}

TEST_CASE("operations are read bare, in a vector, in a list, and as records") {
  const std::string ok_0 = "{:process 0, :type :ok, :f :read, :value 3}";
  const std::string pair = std::string(read_0) + "\n" + ok_0;
  for (const std::string& text :
       {pair, "[" + pair + "]", "(" + pair + ")\n", "; about it\n[" + pair + "]",
        "#jepsen.history.Op" + std::string(read_0) + "#jepsen.history.Op " + ok_0,
        "\xEF\xBB\xBF" + pair}) {
    CAPTURE(text);
    const auto read = parse(text);
    REQUIRE(read.has_value());
    CHECK(read->format == HistoryFormat::edn);
    CHECK(read->warnings.empty());
    REQUIRE(read->history.size() == 2);
    CHECK(read->history.operation(1).value == Value(3));
    CHECK(read->history.partner(0) == 1);
  }
}

TEST_CASE("operations keep what their maps say") {
  const auto read = parse(R"(
    {:index 4, :time 17, :process 3, :type :invoke, :f :cas, :value [1 2], :node "n1"}
    {:index -1, :time -1, :process :nemesis, :type :info, :f :start, :value {"n1" ""}}
    {:index 5, :process 3, :type :info, :f :cas, :value [1 2], :error [:socket "broken pipe"],
     :exception #object[java.lang.Thing 0x1f]}
    {:process 4, :type :invoke, :value [[:append 1 2]], :error :timeout})");
  REQUIRE(read.has_value());
  const History& history = read->history;
  REQUIRE(history.size() == 4);
  CHECK(history.index(0) == 4);
  CHECK(history.index(1) == 1);
  CHECK(history.time_ns(0) == 17);
  CHECK(history.time_ns(1) == 0);
  CHECK(history.node(0) == "n1");
  CHECK(history.process(1) == nemesis_process);
  CHECK(history.error(2) == "[:socket \"broken pipe\"]");
  CHECK(history.function_name(history.f(3)) == "txn");
  CHECK(history.error(3) == "timeout");
  CHECK(to_json(history.operation(3).value) == R"([["append",1,2]])");
}

TEST_CASE("kv logs are told by their keys") {
  const auto read = parse(R"({:process 0, :type :invoke, :f :get, :key "7", :value nil})");
  REQUIRE(read.has_value());
  CHECK(read->format == HistoryFormat::porcupine_kv);
  CHECK(read->history.operation(0).key == Value("7"));
}

TEST_CASE("an EDN history that is cut off is a warning") {
  const std::string first = std::string(read_0) + "\n";
  auto read = parse(first + "{:process 1, :type :inv");
  REQUIRE(read.has_value());
  CHECK(read->history.size() == 1);
  REQUIRE(read->warnings.size() == 1);
  CHECK(read->warnings[0] == "h.edn:2: the last operation is cut off and was left out");

  // Wherever it is cut, but not where what is left is whole.
  const std::string second =
      R"({:process 1 :f "a\u00e9\ud83d\ude00\n" :type :info, :value [1.5e3 \u0041]})";
  for (std::size_t length = 1; length < second.size(); ++length) {
    CAPTURE(second.substr(0, length));
    read = parse(first + second.substr(0, length));
    REQUIRE(read.has_value());
    CHECK(read->warnings.size() == 1);
  }

  read = parse("[" + first);
  REQUIRE(read.has_value());
  REQUIRE(read->warnings.size() == 1);
  CHECK(read->warnings[0].starts_with("h.edn:2: the closing bracket is missing"));

  // A quote that is not closed on the way is no cut.
  CHECK(error_of(first + "{:process 1, :f \"x, :type :info}" + first)
            .starts_with("h.edn:3:1: expected the end of a string"));
  CHECK(error_of("{:process 1, :type :inv").starts_with("h.edn:1:20: expected a type"));
}

TEST_CASE("errors in EDN histories say where and what") {
  const std::string first = std::string(read_0) + "\n";
  CHECK(error_of(first + "  {:process 1, :type :okay, :f :read}") ==
        "h.edn:2:22: expected a type: :invoke, :ok, :fail or :info, found \":okay, :f :read}\"");
  CHECK(error_of("{:process x, :type :ok, :f :read}")
            .starts_with("h.edn:1:11: expected a process from 0 to"));
  CHECK(error_of("{:process 4294967296, :type :ok, :f :read}")
            .starts_with("h.edn:1:11: expected a process from 0 to 2147483647"));
  CHECK(error_of("{:type :ok, :f :read}") == "h.edn:1:21: expected a key :process, found \"}\"");
  CHECK(error_of("{:process 1, :f :read}").starts_with("h.edn:1:22: expected a key :type"));
  CHECK(error_of("{:process 1, :process 2}").starts_with("h.edn:1:14: expected each key once"));
  CHECK(error_of(first + "]").starts_with("h.edn:2:1: expected an operation"));
  CHECK(error_of(first + "\n\n \"\xFF\"") == "h.edn:4:3: expected UTF-8, found \"\\ufffd\\\"\"");
  CHECK(error_of(first + "\n " + first) ==
        "h.edn:3:2: process 0 invokes read (index 1) while its read (index 0) is still "
        "outstanding");
  CHECK(error_of("[" + first + "5]").starts_with("h.edn:2:1: expected an operation such as"));
}

}  // namespace gauntlet
