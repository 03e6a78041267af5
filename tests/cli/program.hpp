// The built program as tests call it: a process of its own, with a store that goes away.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/subprocess.hpp"

namespace gauntlet {

/// A folder for one test, removed at its end.
class Scratch {
 public:
  Scratch() {
    std::string path = std::filesystem::temp_directory_path().string() + "/gauntlet-test-XXXXXX";
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path(const std::string& name = "") const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string program_path() {
  return std::string(GAUNTLET_BINARY_DIR) + "/gauntlet";
}

/// Runs `gauntlet ARGUMENTS...` to its end.
inline ProcessResult gauntlet(std::vector<std::string> arguments,
                              std::chrono::milliseconds timeout = std::chrono::seconds(60)) {
  LocalProgram program;
  program.argv = {program_path()};
  program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
  program.timeout = timeout;
  const auto result = run_process(program);
  REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().to_string()));
  return *result;
}

}  // namespace gauntlet
