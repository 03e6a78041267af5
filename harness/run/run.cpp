// The calling thread of a run: starts the workers, watches for hung ones and for the stop, and sums
// up.
#include "harness/run/run.hpp"

#include <fmt/format.h>

#include <mutex>
#include <system_error>

#include "base/duration.hpp"
#include "harness/run/run_loop.hpp"

namespace gauntlet {

RunSummary RunLoop::run() {
  for (Worker w = conductor_.all().next(0); w != no_worker; w = conductor_.all().next(w + 1))
    sit(w, w == WorkerSet::nemesis ? setup_.nemesis : nullptr);
  for (std::size_t i = 0; i < seats_.size(); ++i)
    start_thread(*seats_[i]);
  Wakes wakes;
  {
    const std::lock_guard guard(lock_);
    dispatch(no_worker, now(), wakes);
    arm(no_worker, wakes);
    end_if_done(wakes);
  }
  wake(wakes);
  watch();
  for (const auto& seat : seats_) {
    if (seat->thread.joinable()) seat->thread.join();
  }
  const std::lock_guard guard(lock_);
  summary_.elapsed_ns = now();
  judge_rate();
  if (notes_dropped_ > 0) {
    summary_.notes.push_back(fmt::format("{} more notes were dropped", notes_dropped_));
  }
  return summary_;
}

/// An operation for a worker whose thread could not be started ends as one of a hung client, and
/// the thread is tried again.
void RunLoop::start_thread(Seat& seat) {
  try {
    seat.thread = std::thread([loop = shared_from_this(), &seat] { loop->work(seat); });
  } catch (const std::system_error& error) {
    const std::lock_guard guard(lock_);
    note(fmt::format("worker {} has no thread: {}", seat.worker, error.what()));
  }
}

void RunLoop::watch() {
  constexpr Nanos period_ns = 20 * nanos_per_millisecond;
  while (ended_signal_.load(std::memory_order_acquire) == 0) {
    futex_wait(ended_signal_, 0, monotonic_now() + period_ns);
    Wakes wakes;
    std::vector<Seat*> replaced;
    {
      const std::lock_guard guard(lock_);
      replaced = check(now(), wakes);
    }
    wake(wakes);
    for (Seat* seat : replaced)
      start_thread(*seat);
  }
}

/// Looks for the stop and for hung clients; returns the seats that need a thread.
std::vector<RunLoop::Seat*> RunLoop::check(Nanos now_ns, Wakes& wakes) {
  std::vector<Seat*> replaced;
  if (setup_.stop != nullptr && setup_.stop->load(std::memory_order_relaxed)) stop();
  stop_if_a_sink_failed();
  const bool draining = exhausted_ || stopping_.load(std::memory_order_relaxed);
  if (draining && drain_until_ns_ == never) drain_until_ns_ = now_ns + setup_.drain.count();

  for (Worker w = conductor_.all().next(0); w != no_worker; w = conductor_.all().next(w + 1)) {
    Seat& seat = *seat_of_[static_cast<std::size_t>(w)];
    if (!seat.busy || seat.returned.load(std::memory_order_relaxed)) continue;
    const bool hung = now_ns > seat.deadline_ns + setup_.hang_grace.count();
    const bool client = w != WorkerSet::nemesis;
    if (!hung && !(client && now_ns > drain_until_ns_)) continue;
    abandon(seat, now_ns, hung);
    if (!draining) replaced.push_back(&sit(w, nullptr));
  }
  if (!replaced.empty()) {
    dispatch(no_worker, now_ns, wakes);
    arm(no_worker, wakes);
  }
  end_if_done(wakes);
  return replaced;
}

/// The operation ends as info now; the thread finds that out when its client returns.
void RunLoop::abandon(Seat& seat, Nanos now_ns, bool hung) {
  const std::string who = seat.worker == WorkerSet::nemesis
                              ? std::string("the nemesis")
                              : fmt::format("the client of process {}{}{}", seat.operation.process,
                                            seat.node.empty() ? "" : " on ", seat.node);
  const std::string since = format_duration(now_ns - seat.begun_ns);
  note(fmt::format("{} did not return from {} in {}{}; its thread was abandoned", who,
                   seat.operation.f, since, hung ? "" : ", when the run ended"));
  seat.abandoned = true;
  if (seat.thread.joinable()) seat.thread.detach();
  ++summary_.hung;

  Operation completion = seat.operation;
  completion.type = OperationType::info;
  completion.error = hung ? "no answer: the client hangs" : "no answer when the run ended";
  complete(seat, completion, now_ns);
}

void RunLoop::judge_rate() {
  constexpr Nanos lateness_max_ns = 10 * nanos_per_millisecond;
  summary_.lateness = {lateness_.quantile(0.5), lateness_.quantile(0.9), lateness_.quantile(0.99),
                       lateness_.max()};
  if (summary_.scheduled == 0) return;
  const bool gave_up = summary_.skipped * 100 > summary_.scheduled + summary_.skipped;
  if (!gave_up && summary_.lateness.p50 <= lateness_max_ns) return;
  summary_.behind = overhead_ns_ > client_ns_;
  const std::string facts =
      fmt::format("the rate was not kept: operations began {} late (median), {} were given up",
                  format_duration(summary_.lateness.p50), summary_.skipped);
  note(facts + (summary_.behind
                    ? "; the harness itself took most of the time: ask for a lower rate"
                    : "; the clients took most of the time: ask for a lower rate, or raise the "
                      "concurrency"));
}

RunSummary run(Generator& generator, const RunSetup& setup) {
  return std::make_shared<RunLoop>(generator, setup)->run();
}

}  // namespace gauntlet
