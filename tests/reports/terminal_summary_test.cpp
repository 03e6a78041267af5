// The summary for terminals: what it says, how wide, and that no value can act on the terminal.
#include <doctest/doctest.h>

#include <sstream>

#include "reports/text.hpp"
#include "tests/reports/hostile.hpp"
#include "tests/reports/sample.hpp"

namespace gauntlet {

namespace {

void check_lines(const std::string& summary) {
  std::istringstream in(summary);
  std::string line;
  std::size_t lines = 0;
  while (std::getline(in, line)) {
    CAPTURE(line);
    CHECK(columns(line) <= 100);
    CHECK(line.find_first_of("\x1b\r\b\x07") == std::string::npos);
    ++lines;
  }
  CHECK(lines < 120);
}

}  // namespace

TEST_CASE("an invalid run: verdict, reason, operations") {
  const Sample sample;
  const std::string summary = terminal_summary(sample.input, false);
  check_lines(summary);
  CHECK(summary.starts_with("INVALID  etcd register\n"));
  CHECK(summary.find("stale read on key") != std::string::npos);
  CHECK(summary.find("and 2 more anomalies") != std::string::npos);
  CHECK(summary.find("4 of 6 took effect") != std::string::npos);
  CHECK(summary.find("caution: Of 6 faults, 1 was skipped") != std::string::npos);
  CHECK(summary.find("read → ") != std::string::npos);
  CHECK(summary.find("but the read needs ") != std::string::npos);
}

TEST_CASE("what the run noticed is told, within bounds and harmlessly") {
  Sample sample;
  sample.input.notes.assign(50, "the store is full\x1b[2J");
  sample.input.notes.front() = "n4: logs not fetched";
  const std::string summary = terminal_summary(sample.input, false);
  check_lines(summary);
  CHECK(summary.find("note: n4: logs not fetched") != std::string::npos);
  CHECK(summary.find("note: the store is full") != std::string::npos);
  CHECK(summary.find("note: 44 more in the report") != std::string::npos);
}

TEST_CASE("color is the only use of escapes") {
  const Sample sample;
  std::string colored = terminal_summary(sample.input, true);
  CHECK(colored.find("\x1b[1;31mINVALID\x1b[0m") != std::string::npos);
  for (std::size_t at; (at = colored.find('\x1b')) != std::string::npos;)
    colored.erase(at, colored.find('m', at) - at + 1);
  CHECK(colored == terminal_summary(sample.input, false));
}

TEST_CASE("an unknown verdict gives its reason once") {
  const History history;
  Verdict verdict;
  verdict.consistency = "linearizable";
  verdict.reason = "the time limit of 60 s was reached";
  ReportInput input;
  input.history = &history;
  input.verdict = &verdict;
  const std::string summary = terminal_summary(input, false);
  CHECK(summary.starts_with("UNKNOWN\n"));
  const std::size_t first = summary.find("the time limit");
  REQUIRE(first != std::string::npos);
  CHECK(summary.find("the time limit", first + 1) == std::string::npos);
}

TEST_CASE("hostile values neither act nor flood") {
  for (const auto& text : hostile_texts()) {
    History history;
    Operation op;
    op.f = text.substr(0, 1000);
    op.value = text;
    op.node = text;
    history.append(op);
    op.type = OperationType::ok;
    history.append(op);
    REQUIRE(history.pair().has_value());
    Verdict verdict;
    verdict.validity = Validity::invalid;
    verdict.reason = text;
    verdict.checker = text;
    Anomaly anomaly;
    anomaly.name = text;
    anomaly.key = text;
    anomaly.operations = {0};
    anomaly.explanation = std::vector<std::string>(40, text);
    anomaly.dead_ends = {{{0, 12345}, text, {{12345, text}, {0, text}}}, {{}, text, {}}};
    verdict.anomalies = {anomaly};
    ReportInput input;
    input.title = text;
    input.history = &history;
    input.verdict = &verdict;
    const std::string summary = terminal_summary(input, false);
    check_lines(summary);
    CHECK(summary.size() < 40'000);
  }
}

}  // namespace gauntlet
