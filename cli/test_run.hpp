// The flow of a test: set up, load, tear down, judge, report.
#pragma once

#include <string>

#include "base/error.hpp"
#include "checker/verdict.hpp"
#include "cli/settings.hpp"
#include "cli/test_plan.hpp"

namespace gauntlet {

struct TestOutcome {
  ExitCode code = ExitCode::internal;
  Validity validity = Validity::unknown;
  std::string run_directory;
  std::string summary;   ///< for a terminal; ends with a newline
  std::string json;      ///< the verdict as one line, without a newline
  std::size_t hung = 0;  ///< abandoned threads: end the process with _exit
};

/// Prints what came of it, and answers the exit code; ends the process where a hung client still
/// occupies a thread, which must not see static objects destroyed.
ExitCode conclude(const TestOutcome& outcome, const TestPlan& plan, const Settings& settings);

/// Runs the plan to its end. Whatever fails on the way, what was started is stopped, what was
/// injected is healed, what was recorded is kept. Errors are those of setting up; from the first
/// operation on everything ends in an outcome.
Result<TestOutcome> run_test(const TestPlan& plan, const Settings& settings);

}  // namespace gauntlet
