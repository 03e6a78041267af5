// SIGINT and SIGTERM: the first asks the run to end in order, the second ends the analysis as well.
// Signals within a quarter of a second of the last one counted are taken for the same wish.
#pragma once

#include <atomic>

namespace gauntlet {

/// Set by the first signal: workers stop, faults are healed, logs are fetched, what there is is
/// judged.
const std::atomic<bool>& stop_requested();

/// Set by the second signal: the analysis ends with "unknown".
const std::atomic<bool>& abort_requested();

/// Installs the handlers; a third signal ends the process at once (the ledger is on disk). Ignores
/// SIGPIPE. Call once, before threads are started.
void install_signal_handlers();

}  // namespace gauntlet
