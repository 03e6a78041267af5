// Cobra's logs, dbcop's bincode and the text of PolySI and Plume.
#include <doctest/doctest.h>

#include <fstream>
#include <vector>

#include "history/reader.hpp"
#include "tests/temporary_folder.hpp"

namespace gauntlet {

namespace {

constexpr std::uint64_t initial_mark = 0xbebeebee;

std::string big(std::uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes += static_cast<char>(number >> shift);
  return bytes;
}

std::string little(std::uint64_t number) {
  const std::string bytes = big(number);
  return {bytes.rbegin(), bytes.rend()};
}

std::string record(char letter, std::initializer_list<std::uint64_t> numbers) {
  std::string bytes(1, letter);
  for (const std::uint64_t number : numbers)
    bytes += big(number);
  return bytes;
}

std::string cobra_file() {
  return record('S', {7}) + record('R', {initial_mark, initial_mark, 3, 0}) +
         record('W', {100, 3, 9}) + record('C', {7}) + record('S', {8}) +
         record('R', {7, 100, 3, 9}) + record('R', {0xdeadbeef, 0xdeadbeef, 4, 0}) +
         record('C', {8});
}

std::string sized(std::string_view text) {
  return little(text.size()) + std::string(text);
}

std::string operation(bool writes, std::uint64_t key, std::uint64_t value, bool succeeded) {
  return std::string(1, writes ? '\1' : '\0') + little(key) + little(value) +
         std::string(1, succeeded ? '\1' : '\0');
}

std::string dbcop_header() {
  return little(0) + little(2) + little(2) + little(1) + little(2) + sized("Db") +
         sized("2022-07-05T12:23:43+08:00") + sized("2022-07-05T12:23:55+08:00");
}

std::string dbcop_file() {
  return dbcop_header() + little(2) + little(1) + little(2) + operation(true, 1, 5, true) +
         operation(false, 2, 0, true) + '\1' + little(2) + little(3) +
         operation(false, 1, 5, true) + operation(false, 2, 9, false) +
         operation(true, 2, 6, false) + '\1' + little(1) + operation(true, 2, 7, true) + '\0';
}

constexpr std::string_view text_file =
    "w(1,2,0,0)\nr(1,2,1,1)\nw(2,3,0,0)\r\n\nw(2,4,1,-1)\n"
    "r(2,4,1,-1)\n  r ( 2 , 0 , 1 , 2 )  ";

std::string lines_of(const History& history) {
  std::string lines;
  for (EventIndex i = 0; i < history.size(); ++i) {
    const Operation operation = history.operation(i);
    lines += std::string(to_string(operation.type)) + " " + std::to_string(operation.process) +
             " " + to_json(operation.value) + "\n";
  }
  return lines;
}

ReadHistory read_ok(std::string_view bytes, HistoryFormat format = HistoryFormat::detect) {
  auto read = parse_history(bytes, "h", format);
  REQUIRE_MESSAGE(read.has_value(), (read ? std::string() : read.error().to_string()));
  return std::move(*read);
}

std::string error_of(std::string_view bytes, HistoryFormat format = HistoryFormat::detect) {
  const auto read = parse_history(bytes, "h", format);
  return read ? "no error" : read.error().what;
}

}  // namespace

TEST_CASE("a log of Cobra is the transactions of one session, a write standing for its value") {
  const ReadHistory read = read_ok(cobra_file());
  CHECK(read.format == HistoryFormat::cobra_log);
  CHECK(read.warnings.empty());
  CHECK_FALSE(read.history.has_real_time());
  CHECK(lines_of(read.history) ==
        "invoke 0 [[\"r\",3,null],[\"w\",3,100]]\n"
        "ok 0 [[\"r\",3,null],[\"w\",3,100]]\n"
        "invoke 0 [[\"r\",3,null],[\"r\",4,null]]\n"
        "ok 0 [[\"r\",3,100],[\"r\",4,null]]\n");
}

TEST_CASE("the logs in a folder, or named together, are one history") {
  const TemporaryFolder folder;
  const std::string second = record('S', {9}) + record('W', {101, 3, 9}) + record('C', {9});
  const auto write = [&](const std::string& name, std::string_view bytes) {
    std::string path = folder.path(name);
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  };
  const std::vector<std::string> files = {write("T2.log", cobra_file()), write("T10.log", second)};
  const std::string expected = lines_of(read_ok(cobra_file()).history) +
                               "invoke 1 [[\"w\",3,101]]\n"
                               "ok 1 [[\"w\",3,101]]\n";
  auto read = read_history(folder.path());
  REQUIRE(read.has_value());
  CHECK(read->format == HistoryFormat::cobra_log);
  CHECK_FALSE(read->history.has_real_time());
  CHECK(lines_of(read->history) == expected);
  CHECK(read->history.node(0) == "T2.log");
  CHECK(read->history.node(4) == "T10.log");
  read = read_sessions(files, "h");
  REQUIRE(read.has_value());
  CHECK(lines_of(read->history) == expected);

  write("T10.log", second + "X");
  read = read_history(folder.path());
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().what == files[1] + ":1:44: expected a record: S, R, W or C, found \"X\"");

  write("history.bincode", dbcop_file());
  read = read_history(folder.path());
  REQUIRE(read.has_value());
  CHECK(read->format == HistoryFormat::dbcop_bincode);
  write("history.jsonl", R"({"type":"invoke","process":0,"f":"read"})");
  read = read_history(folder.path());
  REQUIRE(read.has_value());
  CHECK(read->format == HistoryFormat::json_lines);
}

TEST_CASE("a folder of other logs is no history") {
  const TemporaryFolder folder;
  std::ofstream(folder.path("etcd.log")) << "Started\n";
  const auto read = read_history(folder.path());
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().what == folder.path("history.jsonl") + ": No such file or directory");
}

TEST_CASE("what is wrong with a log of Cobra is told with its byte") {
  using enum HistoryFormat;
  const std::string file = cobra_file();
  CHECK(error_of(file + "Z") == "h:1:" + std::to_string(file.size() + 1) +
                                    ": expected a record: S, R, W or C, found \"Z\"");
  CHECK(error_of(record('S', {1}) + record('S', {2}), cobra_log) ==
        "h:1:10: expected R, W or C: the transaction before it has not ended, found \"S\"");
  CHECK(error_of(record('W', {1, 2, 3}), cobra_log) ==
        "h:1:1: expected S: no transaction is open, found \"W\"");
  CHECK(error_of(record('S', {1}) + record('C', {2}), cobra_log) ==
        "h:1:10: expected C with the number of the transaction that is open, found \"C\"");
  for (const std::size_t cut : {1, 9, 10, 60}) {
    const ReadHistory read = read_ok(file.substr(0, file.size() - cut), cobra_log);
    CHECK(read.history.size() == 2);
    REQUIRE(read.warnings.size() == 1);
    CHECK(read.warnings[0] == "h:1: the last transaction is cut off and was left out");
  }
  CHECK(read_ok("", cobra_log).history.empty());
}

TEST_CASE("dbcop's bincode: what did not commit failed, what did not succeed did not happen") {
  const ReadHistory read = read_ok(dbcop_file());
  CHECK(read.format == HistoryFormat::dbcop_bincode);
  CHECK_FALSE(read.history.has_real_time());
  CHECK(lines_of(read.history) ==
        "invoke 0 [[\"w\",1,5],[\"r\",2,null]]\n"
        "ok 0 [[\"w\",1,5],[\"r\",2,null]]\n"
        "invoke 1 [[\"w\",2,6]]\n"
        "fail 1 [[\"w\",2,6]]\n"
        "invoke 1 [[\"r\",1,null]]\n"
        "ok 1 [[\"r\",1,5]]\n"
        "invoke 1 [[\"w\",2,7]]\n"
        "fail 1 [[\"w\",2,7]]\n");
}

TEST_CASE("what is wrong with a file of dbcop is told with its byte") {
  const std::string file = dbcop_file();
  const std::size_t header = dbcop_header().size();
  CHECK(error_of(file + "x") ==
        "h:1:" + std::to_string(file.size() + 1) + ": expected the end of the file, found \"x\"");
  for (std::size_t size = header; size < file.size(); ++size) {
    CAPTURE(size);
    CHECK(error_of(file.substr(0, size)).starts_with("h:1:"));
  }
  std::string huge = dbcop_header() + little(~0ULL);
  CHECK(error_of(huge).starts_with("h:1:" + std::to_string(header + 1) +
                                   ": expected a count of sessions, found"));
  std::string damaged = file;
  damaged[header + 24] = '\2';
  CHECK(error_of(damaged).starts_with("h:1:" + std::to_string(header + 25) +
                                      ": expected whether it is a write: 0 or 1"));
  CHECK(error_of("abc", HistoryFormat::dbcop_bincode)
            .starts_with("h:1:1: expected the header of a history"));
}

TEST_CASE("the text of PolySI and Plume: a line an operation, sessions interleaved") {
  const ReadHistory read = read_ok(text_file);
  CHECK(read.format == HistoryFormat::transaction_text);
  CHECK_FALSE(read.history.has_real_time());
  CHECK(read.warnings.empty());
  CHECK(lines_of(read.history) ==
        "invoke 1 [[\"r\",1,null]]\n"
        "ok 1 [[\"r\",1,2]]\n"
        "invoke 1 [[\"w\",2,4]]\n"
        "fail 1 [[\"w\",2,4]]\n"
        "invoke 0 [[\"w\",1,2],[\"w\",2,3]]\n"
        "ok 0 [[\"w\",1,2],[\"w\",2,3]]\n"
        "invoke 1 [[\"r\",2,null]]\n"
        "ok 1 [[\"r\",2,null]]\n");
}

TEST_CASE("what is wrong with such a text is told with its line and column") {
  const std::string line = "w(1,2,0,0)\n";
  CHECK(error_of(line + "x(1,2,0,0)\n") == "h:2:1: expected r or w, found \"x(1,2,0,0)\"");
  CHECK(error_of(line + " w 1,2,0,0)\n") == "h:2:4: expected (, found \"1,2,0,0)\"");
  CHECK(error_of(line + "w(1,,0,0)\n") == "h:2:5: expected a value: an integer, found \",0,0)\"");
  CHECK(error_of(line + "w(1,2,0)\n") == "h:2:8: expected ,, found \")\"");
  CHECK(error_of(line + "w(1,2,0,0\n") == "h:2:10: expected )");
  CHECK(error_of(line + "w(1,2,0,0) w\n") == "h:2:12: expected the end of the line, found \"w\"");
  CHECK(error_of(line + "w(1,2,-1,0)\n").starts_with("h:2:1: expected a session from 0"));
  CHECK(error_of(line + "w(1,2,0,-2)\n").starts_with("h:2:1: expected a transaction from 0"));
  CHECK(error_of(line + "w(99999999999999999999,2,0,0)\n")
            .starts_with("h:2:3: expected a key: an integer"));
  CHECK(error_of(line + "w(1,3,0,1)\nw(1,4,0,0)\n")
            .starts_with("h:3:1: expected the operations of transaction 0 of session 0 together"));
  const ReadHistory cut = read_ok(line + "w(1,3,0");
  CHECK(cut.history.size() == 2);
  REQUIRE(cut.warnings.size() == 1);
  CHECK(cut.warnings[0] == "h:2: the last line is cut off and was left out");
}

TEST_CASE("transactions listed by their completions only were invoked at unknown times") {
  const ReadHistory read = read_ok(
      "{:index 4, :time 7, :type :ok, :process 1, :f :txn, :value [[:append 1 2]]}\n"
      "{:index 5, :time 9, :type :fail, :process 2, :f :txn, :value [[:r 1 nil]]}\n");
  CHECK_FALSE(read.history.has_real_time());
  CHECK_FALSE(read.history.has_times());
  CHECK(lines_of(read.history) ==
        "invoke 1 [[\"append\",1,2]]\n"
        "ok 1 [[\"append\",1,2]]\n"
        "invoke 2 [[\"r\",1,null]]\n"
        "fail 2 [[\"r\",1,null]]\n");
  CHECK(read.history.index(0) == 4);
  CHECK(read.history.index(3) == 5);
  CHECK(error_of("{:type :info, :process 1, :f :txn, :value []}\n"
                 "{:type :ok, :process 1, :f :txn, :value []}\n") ==
        "h:2:1: process 1 invokes txn (index 1) after its info: it must not be used again");
  CHECK(read_ok(R"({"type":"ok","process":1,"f":"txn","value":[]})").history.size() == 2);
  CHECK(error_of(R"({"type":"ok","process":1,"f":"read","value":[]})") != "no error");
}

}  // namespace gauntlet
