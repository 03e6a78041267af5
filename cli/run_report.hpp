// From a run directory to a verdict and its reports: the end of a test, and `gauntlet report`
// later.
//
// Everything comes from the directory (plan.json, run.json, history.jsonl), so that a run whose
// controller was killed is judged by the same code as one that ended well.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "checker/verdict.hpp"
#include "cli/settings.hpp"

namespace gauntlet {

/// What the controller learned while it ran, beside the plan and the history; run.json.
struct RunFacts {
  std::vector<std::string> versions;  ///< of the database, distinct
  std::string command;                ///< what a person types to run it again
  std::string lateness;               ///< of operations against their schedule, in words
  std::vector<std::string> notes;     ///< one line each
};

Value to_value(const RunFacts& facts);

struct RunReport {
  Validity validity = Validity::unknown;
  std::string summary;  ///< for a terminal; ends with a newline
  std::string json;     ///< results.json, on one line without a newline
};

/// Judges the run in `directory` by its workload and writes results.json and report.html there, and
/// what --html and --junit ask for.
Result<RunReport> report_run(const std::string& directory, const Settings& settings);

}  // namespace gauntlet
