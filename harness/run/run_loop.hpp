// The monitor behind run(): one lock, a seat for each worker's thread.
//
// A worker that completes an operation takes the lock, records the completion, tells the generator,
// and dispatches: it takes what the generator offers now for itself and for others who are free,
// which it wakes. Then it performs its own operation, or sits idle in a queue.
//
// If the generator's next operation lies in the future, one idle worker (the leader) sleeps until
// then; it takes the operation, wakes the next leader, and goes. So the wake-up of a thread, which
// takes some 50 microseconds, lies before an operation is due rather than after.
//
// Ownership: a thread that is abandoned in a hung client keeps the RunLoop alive, and with it its
// seat. When its client returns after all it finds its seat abandoned and ends: it touches neither
// the generator, the conductor nor the sinks, which are gone by then.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "harness/generator/conductor.hpp"
#include "harness/run/barging_lock.hpp"
#include "harness/run/futex.hpp"
#include "harness/run/idle_queue.hpp"
#include "harness/run/log_histogram.hpp"
#include "harness/run/run.hpp"

namespace gauntlet {

class RunLoop : public std::enable_shared_from_this<RunLoop> {
 public:
  RunLoop(Generator& generator, const RunSetup& setup);
  /// On the calling thread: starts the workers, watches over them, waits for the end. Once.
  RunSummary run();

 private:
  static constexpr Nanos never = Offer::after_next_event;

  /// A worker's thread and what it works on. The loop's lock guards all of it, but for the atomics;
  /// and the thread itself reads `operation` and `deadline_ns` while it is busy, since nobody
  /// writes them then.
  struct Seat {
    Worker worker = no_worker;
    Process process = 0;
    std::string node;
    Client* nemesis = nullptr;  ///< the nemesis's; nullptr where it hung before
    bool busy = false;
    /// Written under the lock. Its thread looks at it without one before it sends anything late.
    std::atomic<bool> abandoned{false};
    Operation operation;    ///< the invocation as recorded
    Nanos begun_ns = 0;     ///< since the run's start
    Nanos deadline_ns = 0;  ///< since the run's start
    std::thread thread;

    /// The client has returned and its thread is on its way to the lock: it is not hung.
    std::atomic<bool> returned{false};

    enum Signal : std::uint32_t { wait, look, work };
    FutexWord signal{wait};  ///< work: `operation` is there, no need to look under the lock
  };
  /// Seats to wake once the lock is released.
  using Wakes = std::vector<FutexWord*>;

  /// Since the run's start. Needs no lock, but only readings under the lock are in order.
  Nanos now() const { return monotonic_now() - start_ns_; }

  // run_loop.cpp: what happens under the lock.
  Seat& sit(Worker worker, Client* nemesis);
  void dispatch(Worker asking, Nanos now_ns, Wakes& wakes);
  void assign(Offer& offer, Nanos now_ns, Worker asking, Wakes& wakes);
  void arm(Worker asking, Wakes& wakes);
  void complete(Seat& seat, Operation& completion, Nanos now_ns);
  void end_if_done(Wakes& wakes);
  void record(const Operation& event);
  void stop();
  void stop_if_a_sink_failed();
  void note(std::string text);
  Worker longest_idle() const;
  static void send(Seat& seat, Seat::Signal signal, Wakes& wakes);

  // run_worker.cpp: what happens on a worker's thread.
  enum class Next { operation, wait, leave };
  void work(Seat& seat);
  Next finish(Seat& seat, Operation& completion, Wakes& wakes, Nanos& until_ns);
  bool await(Seat& seat, Nanos until_ns, Wakes& wakes);
  void sleep(Seat& seat, Nanos until_ns);
  void perform(Seat& seat, ClientPtr& client, int& open_failures, Operation& operation);
  bool open(Seat& seat, ClientPtr& client, int& open_failures, Operation& operation);
  static void wake(Wakes& wakes);

  // run.cpp: what the calling thread does meanwhile.
  void start_thread(Seat& seat);
  void watch();
  std::vector<Seat*> check(Nanos now_ns, Wakes& wakes);
  void abandon(Seat& seat, Nanos now_ns, bool hung);
  void judge_rate();

  const RunSetup setup_;
  const Nanos start_ns_;

  BargingLock lock_;
  Conductor conductor_;
  std::vector<std::unique_ptr<Seat>> seats_;  ///< all that ever were
  std::vector<Seat*> seat_of_;                ///< by worker
  IdleQueue idle_;
  Worker leader_ = no_worker;  ///< an idle worker that sleeps until leader_until_ns_
  Nanos leader_until_ns_ = never;
  Nanos due_ns_ = never;           ///< when the generator must be asked again at the latest
  Worker due_worker_ = no_worker;  ///< who should ask then; no_worker: any
  bool exhausted_ = false;
  bool ended_ = false;  ///< nothing is outstanding and nothing will be offered
  Nanos drain_until_ns_ = never;
  RunSummary summary_;
  LogHistogram lateness_;
  Nanos client_ns_ = 0;    ///< time that operations were with their clients
  Nanos overhead_ns_ = 0;  ///< time between a completion and the same worker's next invocation
  std::size_t notes_dropped_ = 0;

  std::atomic<bool> stopping_{false};   ///< written under the lock
  std::atomic<Nanos> timer_lag_ns_{0};  ///< how late timers are, about
  FutexWord ended_signal_{0};
};

}  // namespace gauntlet
