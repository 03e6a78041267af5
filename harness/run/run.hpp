// The run loop: generator and events under one owner, a thread a worker.
//
// The owner is a monitor, not a thread: a worker that completes an operation takes the lock,
// records the completion, tells the generator, takes its next operation and goes. So an operation
// costs one lock and no hand-over between threads, and generators need no synchronization. Idle
// workers wait; the one that has waited longest also waits for the clock, and takes the operation
// that falls due.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "harness/generator/generator.hpp"
#include "harness/run/client.hpp"
#include "history/operation.hpp"

namespace gauntlet {

/// Sees every event in order, with its index and time set, under the loop's lock: be quick.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void on_event(const Operation& event) = 0;
};

struct RunSetup {
  int concurrency = 1;  ///< client workers
  std::uint64_t seed = 0;
  std::chrono::nanoseconds operation_timeout =
      std::chrono::seconds(5);  ///< an invocation's deadline
  /// A client that has not returned this long after its deadline is hung: its operation becomes
  /// info, its worker is abandoned, and the run says so.
  std::chrono::nanoseconds hang_grace = std::chrono::seconds(5);
  /// When the run ends with operations outstanding, how long to wait for them.
  std::chrono::nanoseconds drain = std::chrono::seconds(10);
  const std::atomic<bool>* stop = nullptr;  ///< set from outside to end the run early

  /// Opens the client of a worker for a process; called on the worker's thread. An error becomes
  /// the `fail` of the operation that needed it (nothing was sent) with the error's text.
  std::function<Result<ClientPtr>(Worker worker, Process process)> open_client;
  /// The node that a process of this worker talks to; empty where there is none.
  std::function<std::string(Worker worker, Process process)> node_of;
  Client* nemesis = nullptr;      ///< owned by the caller; nullptr: no nemesis operations
  std::vector<EventSink*> sinks;  ///< owned by the caller: recorder first
};

/// A distribution as a few quantiles, ns.
struct Quantiles {
  Nanos p50 = 0, p90 = 0, p99 = 0, max = 0;
};

struct RunSummary {
  std::size_t invocations = 0, ok = 0, fail = 0, info = 0;  ///< of clients
  Nanos elapsed_ns = 0;
  Quantiles lateness;              ///< how long after its scheduled time an operation was invoked
  std::size_t scheduled = 0;       ///< operations that had a scheduled time
  bool behind = false;             ///< the harness could not keep the rate; see `notes`
  bool stopped_early = false;      ///< by `stop`
  std::vector<std::string> notes;  ///< hung workers, lateness, ...: one line each
};

/// Runs `generator` until it is exhausted or stopped and all workers have ended. Every invocation
/// that was recorded has a completion recorded afterwards (hung ones as info). Not reentrant.
RunSummary run(Generator& generator, const RunSetup& setup);

}  // namespace gauntlet
