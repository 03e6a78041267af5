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
#include <memory>
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
  /// Why the run must end (the disk is full, ...); empty while all is well. Asked before each
  /// operation, and every 20 ms, under the same lock: no invocation follows once it has an answer,
  /// only the completions of what is outstanding.
  virtual std::string failure() const { return {}; }
};

struct RunSetup {
  int concurrency = 1;  ///< client workers
  std::uint64_t seed = 0;
  std::chrono::nanoseconds operation_timeout =
      std::chrono::seconds(5);  ///< an invocation's deadline
  std::chrono::nanoseconds nemesis_timeout =
      std::chrono::seconds(120);  ///< the same for the nemesis, which waits for many nodes
  /// A client that has not returned this long after its deadline is hung: its operation becomes
  /// info, its worker is abandoned, and the run says so.
  std::chrono::nanoseconds hang_grace = std::chrono::seconds(5);
  /// When the run ends with operations of clients outstanding, how long to wait for them. The
  /// nemesis is always waited for until it is hung, since nobody else may touch its faults before.
  std::chrono::nanoseconds drain = std::chrono::seconds(10);
  const std::atomic<bool>* stop = nullptr;  ///< set from outside to end the run early

  /// Opens the client of a worker for a process; called on the worker's thread. An error becomes
  /// the `fail` of the operation that needed it (nothing was sent) with the error's text.
  /// A worker that cannot open its client waits a little longer each time, 10 to 320 ms, within
  /// that operation, so that a dead node is not tried at full speed.
  std::function<Result<ClientPtr>(Worker worker, Process process)> open_client;
  /// The node that a process of this worker talks to; empty where there is none.
  std::function<std::string(Worker worker, Process process)> node_of;
  Client* nemesis = nullptr;      ///< owned by the caller; nullptr: no nemesis operations
  std::vector<EventSink*> sinks;  ///< owned by the caller: recorder first

  /// Whatever the clients, open_client and the nemesis refer to. A thread cannot be stopped from
  /// outside, so a hung client goes on when `run` has returned; its thread holds this until it ends
  /// (it touches neither the generator nor the sinks any more). See RunSummary::hung.
  std::shared_ptr<const void> keep_alive;
};

/// A distribution as a few quantiles, ns.
struct Quantiles {
  Nanos p50 = 0, p90 = 0, p99 = 0, max = 0;
};

struct RunSummary {
  std::size_t invocations = 0, ok = 0, fail = 0, info = 0;  ///< of clients
  Nanos elapsed_ns = 0;
  Quantiles lateness;         ///< how long after its scheduled time an operation was invoked
  std::size_t scheduled = 0;  ///< operations that had a scheduled time
  std::size_t skipped = 0;    ///< operations that a schedule gave up (Offer::skipped)
  /// The rate was not kept, and it was the harness rather than the clients that took the time. The
  /// rate counts as kept if the median lateness is below 10 ms and less than 1 % was given up;
  /// otherwise a note says which of the two was too slow.
  bool behind = false;
  /// Threads that were abandoned in a client and may still be there: end the process with _exit
  /// (static objects must not be destroyed under them).
  std::size_t hung = 0;
  bool stopped_early = false;      ///< by `stop`
  std::vector<std::string> notes;  ///< hung workers, lateness, ...: one line each
};

/// Runs `generator` until it is exhausted or stopped and all workers have ended. Every invocation
/// that was recorded has a completion recorded afterwards (hung ones as info). The nemesis's
/// invocations and completions are both recorded as info. Client::setup and teardown are the
/// caller's to call. A stop is noticed within 20 ms. A generator that is pending for ever while all
/// workers are free would never end: that ends the run, with a note.
///
/// An operation costs about a microsecond under one lock, shared by all workers.
RunSummary run(Generator& generator, const RunSetup& setup);

}  // namespace gauntlet
