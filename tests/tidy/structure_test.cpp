// The rules of the structure: stairs lead down only, no cycles, no dead files, units register
// themselves.

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "tests/tidy/source_tree.hpp"

using namespace gauntlet::tidy;

namespace {

/// What each area may include besides itself. The areas are listed from the ground floor up.
const std::map<std::string, std::set<std::string>>& allowed() {
  static const std::map<std::string, std::set<std::string>> rules = {
      {"base", {}},
      {"history", {"base"}},
      {"checker", {"base", "history"}},
      {"harness", {"base", "history"}},
      {"nemesis", {"base", "history", "harness"}},
      {"workloads", {"base", "history", "harness", "checker"}},
      {"databases", {"base", "history", "harness"}},
      {"reports", {"base", "history", "harness", "checker"}},
      {"cli",
       {"base", "history", "checker", "harness", "nemesis", "workloads", "databases", "reports"}},
  };
  return rules;
}

}  // namespace

TEST_CASE("an area includes only what lies below it") {
  std::size_t edges = 0;
  for (const auto& [path, file] : source_files()) {
    const auto rule = allowed().find(file.area);
    if (rule == allowed().end()) continue;
    for (const auto& include : file.includes) {
      const std::string area = include.substr(0, include.find('/'));
      ++edges;
      CAPTURE(path);
      CAPTURE(include);
      CHECK((area == file.area || rule->second.contains(area)));
    }
  }
  CHECK(edges > 20);
}

TEST_CASE("includes name files of the tree, and no two files include each other") {
  std::map<std::string, int> state;  // 1: on the path, 2: done
  const std::function<void(const std::string&)> visit = [&](const std::string& path) {
    state[path] = 1;
    for (const auto& include : source_files().at(path).includes) {
      CAPTURE(path);
      CAPTURE(include);
      if (!source_files().contains(include)) {
        // Beside the file that includes it, or generated at build.
        const bool beside = source_files().contains(path.substr(0, path.rfind('/') + 1) + include);
        CHECK((beside || include.find("assets") != std::string::npos));
        continue;
      }
      // A template's implementation header includes the one that includes it.
      const bool implementation_pair =
          source_files().at(include).lines.back() == "#include \"" + path + "\"";
      CHECK((state[include] != 1 || implementation_pair));
      if (state[include] == 0) visit(include);
    }
    state[path] = 2;
  };
  for (const auto& [path, file] : source_files()) {
    if (state[path] == 0) visit(path);
  }
}

TEST_CASE("no header is dead") {
  std::set<std::string> included;
  for (const auto& [path, file] : source_files()) {
    included.insert(file.includes.begin(), file.includes.end());
  }
  for (const auto& [path, file] : source_files()) {
    if (!path.ends_with(".hpp") || !allowed().contains(file.area)) continue;
    CAPTURE(path);
    CHECK(included.contains(path));
  }
}

TEST_CASE("a unit registers itself at its file's end") {
  std::size_t registrations = 0;
  for (const auto& [path, file] : source_files()) {
    if (!allowed().contains(file.area) || !path.ends_with(".cpp")) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (!file.lines[i].starts_with("GAUNTLET_REGISTER(")) continue;
      ++registrations;
      CAPTURE(path);
      // Only other registrations, blank lines and the namespaces' ends may follow.
      for (std::size_t j = i + 1; j < file.lines.size(); ++j) {
        const auto& line = file.lines[j];
        CAPTURE(line);
        CHECK((line.empty() || line.starts_with("GAUNTLET_REGISTER") || line.starts_with("}") ||
               line.starts_with("    ")));
      }
    }
  }
  CHECK(registrations >= 1);
}
