// What a crash test tells: results.json, and a summary for a terminal.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/test_plan.hpp"
#include "nemesis/crash/crash_explorer.hpp"

namespace gauntlet {

struct CrashTestFacts {
  TestPlan plan;
  std::vector<std::string> versions;
  crash::Recording recording;  ///< of a record that was made before, its index and function only
  crash::Exploration exploration;
  bool strict = false;
  std::string again;          ///< the command that tries one state again, up to its name
  std::string run_directory;  ///< with the record
  std::vector<std::string> notes;
};

/// 0: nothing is lost in any state that was tried; 1: something is; 2: not known.
ExitCode exit_code_of(const crash::Exploration& exploration);

Value to_value(const CrashTestFacts& facts);

/// Ends with a newline; printable.
std::string summary_of(const CrashTestFacts& facts);

}  // namespace gauntlet
