#include "harness/run/run_log.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <regex>
#include <thread>
#include <vector>

#include "tests/temporary_folder.hpp"

namespace gauntlet {

namespace {

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> result;
  for (std::string line; std::getline(in, line);)
    result.push_back(line);
  return result;
}

}  // namespace

TEST_CASE("the log has a time and an offset on each line, and no line is broken by its text") {
  const TemporaryFolder folder;
  auto log = RunLog::open(folder.path("controller.log"));
  REQUIRE(log.has_value());
  (*log)->write("phase load");
  (*log)->write("evil\nline\x1b[2J");
  (*log)->write(std::string(100'000, 'x'));
  Operation event;
  event.f = "inject-kill";
  event.type = OperationType::info;
  (*log)->on_event(event);  // of a client: not logged
  event.process = nemesis_process;
  event.value = Value::map({{"fault", 1}});
  (*log)->on_event(event);

  const auto lines = lines_of(folder.path("controller.log"));
  REQUIRE(lines.size() == 4);
  const std::regex form(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \+[\d.]+ (ns|us|ms|s)  [ -~]*)");
  for (const auto& line : lines)
    CHECK(std::regex_match(line, form));
  CHECK(lines[0].ends_with("  phase load"));
  CHECK(lines[1].find("evil line") != std::string::npos);
  CHECK(lines[2].size() < 1200);
  CHECK(lines[3].ends_with("  nemesis inject-kill {\"fault\":1}"));
  CHECK(RunLog::open(folder.path("no/log")).has_error());
}

TEST_CASE("threads do not mix their lines") {
  const TemporaryFolder folder;
  auto log = RunLog::open(folder.path("controller.log"));
  REQUIRE(log.has_value());
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < 200; ++i)
        (*log)->write(std::string(100, static_cast<char>('a' + t)));
    });
  }
  for (auto& thread : threads)
    thread.join();
  const auto lines = lines_of(folder.path("controller.log"));
  CHECK(lines.size() == 1600);
  for (const auto& line : lines) {
    REQUIRE(line.size() > 100);
    CHECK(line.find_last_not_of(line.back()) == line.size() - 101);
  }
}

}  // namespace gauntlet
