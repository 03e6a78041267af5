// The flow of a crash test: record a run on one node, try the crash states, judge, report.
#pragma once

#include <string>

#include "base/error.hpp"
#include "cli/settings.hpp"
#include "cli/test_plan.hpp"

namespace gauntlet {

struct CrashTestOutcome {
  ExitCode code = ExitCode::internal;
  std::string run_directory;
  std::string summary;  ///< for a terminal; ends with a newline
  std::string json;     ///< what results.json holds
};

/// Returns an error where no verdict exists: nodes that cannot be had, a database that does not
/// start. The run directory then holds what there is.
Result<CrashTestOutcome> run_crash_test(const TestPlan& plan, const Settings& settings);

}  // namespace gauntlet
