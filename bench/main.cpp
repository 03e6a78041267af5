// gauntlet-bench [NAME...] [--repeats N] [--scale X] [--only TEXT] [--folder DIR]: runs the named
// benches, or all.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "bench/bench.hpp"

namespace {

int usage() {
  fmt::print(
      "usage: gauntlet-bench [NAME...] [--repeats N] [--scale X] [--only TEXT] [--folder DIR]\n\n"
      "--only runs the rows of a table whose name contains TEXT.\n\n");
  for (const auto* bench : gauntlet::BenchRegistry::instance().all())
    fmt::print("  {:<16} {}\n", bench->name(), bench->description());
  return 254;
}

}  // namespace

int main(int count, char** arguments) {
  using namespace gauntlet;
  BenchSettings settings{std::filesystem::temp_directory_path().string()};
  std::vector<const Bench*> chosen;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    const bool has_value = i + 1 < count;
    if (argument == "--repeats" && has_value) {
      settings.repeats = std::max(1, static_cast<int>(std::strtol(arguments[++i], nullptr, 10)));
    } else if (argument == "--scale" && has_value) {
      settings.scale = std::strtod(arguments[++i], nullptr);
    } else if (argument == "--only" && has_value) {
      settings.only = arguments[++i];
    } else if (argument == "--folder" && has_value) {
      settings.folder = arguments[++i];
    } else if (const Bench* bench = BenchRegistry::instance().find(argument)) {
      chosen.push_back(bench);
    } else {
      return usage();
    }
  }
  if (!(settings.scale > 0)) return usage();
  if (chosen.empty()) chosen = BenchRegistry::instance().all();
  bool all_met = true;
  for (const Bench* bench : chosen)
    all_met = bench->run(settings) && all_met;
  return all_met ? 0 : 1;
}
