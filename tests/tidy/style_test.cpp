// The rules of style that a program can check.

#include <doctest/doctest.h>

#include <regex>
#include <set>

#include "tests/tidy/source_tree.hpp"

using namespace gauntlet::tidy;

namespace {

bool is_ours(const SourceFile& file) {
  static const std::set<std::string> areas = {"base",    "history",   "checker",   "harness",
                                              "nemesis", "workloads", "databases", "reports",
                                              "cli",     "bench"};
  return areas.contains(file.area);
}

/// Length of a line in characters, not bytes.
std::size_t width(const std::string& line) {
  std::size_t count = 0;
  for (const char c : line)
    count += (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  return count;
}

}  // namespace

TEST_CASE("files are short, lines are short, nothing trails") {
  constexpr std::size_t lines_max = 600;
  constexpr std::size_t columns_max = 120;
  for (const auto& [path, file] : source_files()) {
    CAPTURE(path);
    CHECK(file.lines.size() <= lines_max);
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      if (line.find("R\"") != std::string::npos) continue;
      CAPTURE(i + 1);
      if (width(line) > columns_max) CHECK(width(line) <= columns_max);
      if (!line.empty() && (line.back() == ' ' || line.back() == '\r')) {
        FAIL_CHECK("a blank trails");
      }
      if (line.find('\t') != std::string::npos) FAIL_CHECK("a tab");
    }
  }
}

TEST_CASE("functions are short") {
  // clang-format puts a function's end in the column of its start, so that "}" in column 0 ends
  // what began at the last line in column 0 that has a parenthesis and ends with an opening brace.
  constexpr std::size_t lines_max = 90;
  for (const auto& [path, file] : source_files()) {
    if (!is_ours(file)) continue;
    std::size_t start = 0;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      if (line.empty()) continue;
      const bool opens = line[0] != ' ' && line[0] != '}' && line[0] != '/' && line.back() == '{' &&
                         line.find('(') != std::string::npos;
      if (opens) start = i + 1;
      if (line[0] == '}' && start > 0) {
        CAPTURE(path);
        CAPTURE(start);
        if (i + 1 - start > lines_max) CHECK(i + 1 - start <= lines_max);
        start = 0;
      }
    }
  }
}

TEST_CASE("headers are guarded, and open with what they are for") {
  for (const auto& [path, file] : source_files()) {
    if (!path.ends_with(".hpp")) continue;
    CAPTURE(path);
    REQUIRE(!file.lines.empty());
    CHECK(file.lines[0].starts_with("//"));
    bool guarded = false;
    for (const auto& line : file.lines)
      guarded = guarded || line == "#pragma once";
    CHECK(guarded);
  }
}

TEST_CASE("no banned calls") {
  struct Ban {
    std::regex pattern;
    const char* why;
    std::set<std::string> except;
  };
  const std::vector<Ban> bans = {
      {std::regex(R"((^|[^\w.:>])(system|popen)\()"),
       "start processes through base/subprocess.hpp",
       {}},
      {std::regex(R"((^|[^\w])(strcpy|strcat|sprintf|gets|atoi|atol|strtok)\()"),
       "unbounded or unchecked",
       {}},
      {std::regex(R"((^|[^\w])(rand|srand|random_device)\b)"),
       "one seed replays everything: base/random.hpp",
       {"cli/test_plan.cpp", "harness/control/ssh_session.cpp"}},
      {std::regex(R"(using namespace std;)"), "name what you use", {}},
      {std::regex(R"(#include <(iostream|regex)>)"),
       "fmt and own parsers; both are slow to start or unbounded",
       {}},
      {std::regex(R"(system_clock)"),
       "time is monotonic; wall time is for names of folders, logs and what nodes say it is",
       {"base/wall_clock.hpp", "harness/run/store.cpp", "harness/control/command_log.cpp",
        "harness/control/owner.cpp"}},
      {std::regex(R"(\bTO)"
                  R"(DO\b|\bFIX)"
                  R"(ME\b|\bXX)"
                  R"(X\b)"),
       "finish it, or say it in an issue",
       {}},
      {std::regex(R"(/(work|farm|root|home)/)"), "a path of one machine", {}},
  };
  for (const auto& [path, file] : source_files()) {
    if (!is_ours(file)) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      for (const auto& ban : bans) {
        if (ban.except.contains(path) || !std::regex_search(file.lines[i], ban.pattern)) continue;
        const std::string where = path + ":" + std::to_string(i + 1);
        FAIL_CHECK(where << ": " << ban.why << ": " << file.lines[i]);
      }
    }
  }
}

TEST_CASE("links of the documentation lead somewhere") {
  const std::set<std::string> files(all_files().begin(), all_files().end());
  std::set<std::string> folders;
  for (const auto& path : files) {
    for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
      folders.insert(path.substr(0, at));
    }
  }
  const std::regex link(R"(\]\(([^)#:\s]+)(#[^)]*)?\))");
  std::size_t links = 0;
  for (const auto& path : files) {
    if (!path.ends_with(".md")) continue;
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    for (const auto& line : read_lines(path)) {
      for (std::sregex_iterator it(line.begin(), line.end(), link), end; it != end; ++it) {
        std::string target = folder + (*it)[1].str();
        for (std::size_t up; (up = target.find("/../")) != std::string::npos;) {
          const std::size_t from = target.rfind('/', up - 1);
          const std::size_t begin = from == std::string::npos ? 0 : from + 1;
          target.erase(begin, up + 4 - begin);
        }
        if (target.starts_with("../")) continue;
        while (!target.empty() && target.back() == '/')
          target.pop_back();
        ++links;
        CAPTURE(path);
        CAPTURE(target);
        CHECK((files.contains(target) || folders.contains(target)));
      }
    }
  }
  CHECK(links >= 1);
}
