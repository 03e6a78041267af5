// The threads of the run loop: performing operations, and waiting for them.
#include <signal.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>

#include "harness/run/run_loop.hpp"

namespace gauntlet {

namespace {

/// Signals are the main thread's business, and timers are to be as exact as the machine allows.
void prepare_thread() {
  sigset_t signals;
  sigfillset(&signals);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
    sigdelset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  prctl(PR_SET_TIMERSLACK, 1UL);
}

/// Calls the client; whatever it does that a client must not do makes the operation indefinite.
void invoke(Client& client, Operation& operation, Deadline deadline) {
  const auto indefinite = [&](std::string why) {
    operation.type = OperationType::info;
    operation.error = std::move(why);
  };
  try {
    client.invoke(operation, deadline);
    if (operation.type == OperationType::invoke) {
      indefinite("the client did not say how the operation ended");
    }
  } catch (const std::exception& error) {
    indefinite(error.what());
  } catch (...) {
    indefinite("the client threw something that is no exception");
  }
}

}  // namespace

void RunLoop::work(Seat& seat) {
  prepare_thread();
  Wakes wakes;
  ClientPtr client;
  int open_failures = 0;
  if (!await(seat, never, wakes)) return;
  for (;;) {
    Operation operation = seat.operation;
    perform(seat, client, open_failures, operation);
    Nanos until_ns = never;
    const Next next = finish(seat, operation, wakes, until_ns);
    wake(wakes);
    if (next == Next::leave) return;
    if (next == Next::wait && !await(seat, until_ns, wakes)) return;
  }
}

/// Records the completion and finds out what comes next; for Next::wait, until when.
RunLoop::Next RunLoop::finish(Seat& seat, Operation& completion, Wakes& wakes, Nanos& until_ns) {
  const Nanos returned_ns = now();
  seat.returned.store(true, std::memory_order_relaxed);
  const std::lock_guard guard(lock_);
  if (seat.abandoned) return Next::leave;
  const Nanos now_ns = now();
  client_ns_ += returned_ns - seat.begun_ns;
  complete(seat, completion, now_ns);
  dispatch(seat.worker, now_ns, wakes);
  if (!seat.busy) {
    seat.signal.store(Seat::wait, std::memory_order_relaxed);
    idle_.push_back(seat.worker);
  } else {
    overhead_ns_ += seat.begun_ns - returned_ns;
  }
  arm(seat.worker, wakes);
  end_if_done(wakes);
  if (seat.busy) return Next::operation;
  if (ended_) return Next::leave;
  if (leader_ == seat.worker) until_ns = leader_until_ns_;
  return Next::wait;
}

/// Waits until the seat has an operation; false at the end of the run. An idle worker that is the
/// leader dispatches when its time has come.
bool RunLoop::await(Seat& seat, Nanos until_ns, Wakes& wakes) {
  for (;;) {
    sleep(seat, until_ns);
    if (seat.signal.load(std::memory_order_acquire) == Seat::work) return true;
    std::unique_lock guard(lock_);
    if (seat.busy) return true;
    seat.signal.store(Seat::wait, std::memory_order_relaxed);
    const Nanos now_ns = now();
    if (leader_ == seat.worker && now_ns >= leader_until_ns_) {
      leader_ = no_worker;
      dispatch(seat.worker, now_ns, wakes);
      arm(seat.worker, wakes);
      end_if_done(wakes);
    }
    const bool busy = seat.busy, ended = ended_;
    until_ns = leader_ == seat.worker ? leader_until_ns_ : never;
    guard.unlock();
    wake(wakes);
    if (busy) return true;
    if (ended) return false;
  }
}

/// Sleeps until the time or a signal. Timers are some 40 microseconds late, so the last bit is
/// spent spinning, for as long as they were late before.
void RunLoop::sleep(Seat& seat, Nanos until_ns) {
  constexpr Nanos lag_max_ns = 60 * nanos_per_microsecond;
  if (until_ns == never) {
    while (seat.signal.load(std::memory_order_acquire) == Seat::wait)
      futex_wait(seat.signal, Seat::wait);
    return;
  }
  while (seat.signal.load(std::memory_order_acquire) == Seat::wait) {
    const Nanos left_ns = until_ns - now();
    if (left_ns <= 0) return;
    const Nanos lag_ns = timer_lag_ns_.load(std::memory_order_relaxed);
    if (left_ns <= lag_ns) {
      spin_pause();
      continue;
    }
    futex_wait(seat.signal, Seat::wait, start_ns_ + until_ns - lag_ns);
    if (seat.signal.load(std::memory_order_relaxed) != Seat::wait) return;
    const Nanos late_ns = std::clamp<Nanos>(now() - (until_ns - lag_ns), 0, lag_max_ns);
    timer_lag_ns_.store(lag_ns + (late_ns - lag_ns) / 8, std::memory_order_relaxed);
  }
}

void RunLoop::perform(Seat& seat, ClientPtr& client, int& open_failures, Operation& operation) {
  const Deadline deadline = Deadline::until(start_ns_ + seat.deadline_ns);
  if (seat.worker == WorkerSet::nemesis) {
    if (seat.nemesis != nullptr) {
      invoke(*seat.nemesis, operation, deadline);
    } else {
      operation.type = OperationType::info;
      operation.error = "not carried out: the nemesis hangs in an operation before";
    }
    return;
  }
  if (!client && !open(seat, client, open_failures, operation)) return;
  invoke(*client, operation, deadline);
  if (operation.type == OperationType::info && !client->reusable()) client.reset();
}

/// Opens the client, or fails the operation and waits a little.
bool RunLoop::open(Seat& seat, ClientPtr& client, int& open_failures, Operation& operation) {
  using std::chrono::milliseconds;
  std::string why;
  try {
    auto opened = setup_.open_client(seat.worker, operation.process);
    if (opened.has_value() && *opened) {
      client = std::move(*opened);
      open_failures = 0;
      return !seat.abandoned.load(std::memory_order_relaxed);
    }
    why = opened.has_value() ? "no client" : opened.error().to_string();
  } catch (const std::exception& error) {
    why = error.what();
  }
  operation.type = OperationType::fail;
  operation.error = "not sent: " + why;
  const auto pause = milliseconds(10 << std::min(open_failures++, 5));
  const Deadline until = Deadline::after(pause);
  while (!until.passed() && !stopping_.load(std::memory_order_relaxed))
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(until.left(), milliseconds(20)));
  return false;
}

void RunLoop::wake(Wakes& wakes) {
  for (FutexWord* word : wakes)
    futex_wake(*word);
  wakes.clear();
}

}  // namespace gauntlet
