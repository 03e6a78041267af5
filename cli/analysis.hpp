// Analysis as the commands need it: options to budgets, a file to a verdict, a verdict to an exit
// code.
#pragma once

#include <string>

#include "base/error.hpp"
#include "checker/checker.hpp"
#include "cli/settings.hpp"
#include "history/reader.hpp"

namespace gauntlet {

/// Check options from the settings; `time_limit_ns` is counted from now.
Result<CheckOptions> check_options(const Settings& settings, Nanos time_limit_ns);

/// Lets the system refuse this process what goes beyond the memory limit by more than a twentieth.
/// The searches look at their budget now and then and end in good order; this is for what grows
/// between two looks. For a process that starts no others.
void enforce_memory_limit(const CheckOptions& options);

/// What an analysis cost, for --json and reports.
struct AnalysisCost {
  Nanos elapsed_ns = 0;
  Nanos cpu_ns = 0;                   ///< of the whole process so far, loading included
  std::size_t peak_memory_bytes = 0;  ///< of the whole process
};
AnalysisCost cost_since(Nanos started_ns);

/// Judges a history that comes without a plan: transactions by the checker "list-append" or
/// "rw-register"; operations by "registers" where other models than linearizability are asked for,
/// or else as `check_linearizable` does.
Verdict check_history(const History& history, const CheckOptions& options);

/// Judges a history as linearizable, with the model that was asked for or,
/// by default, the one that its functions suggest. `unknown` with the reason where nothing fits.
Verdict check_linearizable(const History& history, CheckOptions options);

ExitCode exit_code_of(Validity validity);

/// Whether stdout is a terminal that may be sent colors (NO_COLOR is honoured).
bool stdout_is_terminal();

/// The verdict on one file as `check --json` prints it (docs/formats.md).
Value check_line(const std::string& file, const Verdict& verdict, const History& history,
                 const AnalysisCost& cost);

}  // namespace gauntlet
