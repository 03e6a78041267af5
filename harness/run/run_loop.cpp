#include "harness/run/run_loop.hpp"

#include <fmt/format.h>

namespace gauntlet {

RunLoop::RunLoop(Generator& generator, const RunSetup& setup)
    : setup_(setup),
      start_ns_(monotonic_now()),
      conductor_(generator, setup.concurrency, setup.nemesis != nullptr, setup.seed),
      seat_of_(WorkerSet::clients_max + 1, nullptr) {}

RunLoop::Seat& RunLoop::sit(Worker worker, Client* nemesis) {
  Seat& seat = *seats_.emplace_back(std::make_unique<Seat>());
  seat.worker = worker;
  seat.process = conductor_.process_of(worker);
  seat.nemesis = nemesis;
  if (worker != WorkerSet::nemesis && setup_.node_of) {
    seat.node = setup_.node_of(worker, seat.process);
  }
  seat_of_[static_cast<std::size_t>(worker)] = &seat;
  idle_.push_back(worker);
  return seat;
}

/// Takes all that the generator offers now. `asking` is the worker on whose thread this runs, if it
/// is a worker's.
void RunLoop::dispatch(Worker asking, Nanos now_ns, Wakes& wakes) {
  Worker preferred = asking != no_worker ? asking : longest_idle();
  due_ns_ = never;
  due_worker_ = no_worker;
  stop_if_a_sink_failed();
  while (!exhausted_ && !stopping_.load(std::memory_order_relaxed) && !conductor_.free().empty()) {
    Offer offer = conductor_.poll(now_ns, preferred);
    if (offer.kind == Offer::Kind::exhausted) {
      exhausted_ = true;
    } else if (offer.kind == Offer::Kind::pending) {
      due_ns_ = offer.time_ns;
      if (due_ns_ == never && conductor_.idle()) {
        note("the generator waits for an event although no operation is outstanding; ended");
        exhausted_ = true;
      }
      return;
    } else if (offer.time_ns <= now_ns) {
      assign(offer, now_ns, asking, wakes);
      preferred = longest_idle();
      now_ns = now();
    } else if (longest_idle() != no_worker && preferred != longest_idle()) {
      // What lies in the future is for whoever has waited longest, so that all workers, and the
      // nodes that they talk to, get their share when operations are few.
      preferred = longest_idle();
    } else {
      due_ns_ = offer.time_ns;
      due_worker_ = offer.worker;
      return;
    }
  }
}

void RunLoop::assign(Offer& offer, Nanos now_ns, Worker asking, Wakes& wakes) {
  Seat& seat = *seat_of_[static_cast<std::size_t>(offer.worker)];
  GAUNTLET_ASSERT(!seat.busy && !seat.abandoned);
  offer.operation.node = seat.node;
  conductor_.begin(now_ns, offer);
  seat.operation = std::move(offer.operation);
  record(seat.operation);

  const bool client = seat.worker != WorkerSet::nemesis;
  if (client) {
    ++summary_.invocations;
    if (offer.time_ns > 0) {
      ++summary_.scheduled;
      summary_.skipped += offer.skipped;
      lateness_.record(now_ns - offer.time_ns);
    }
  }
  seat.busy = true;
  seat.returned.store(false, std::memory_order_relaxed);
  seat.begun_ns = now_ns;
  seat.deadline_ns = now_ns + (client ? setup_.operation_timeout : setup_.nemesis_timeout).count();
  idle_.remove(seat.worker);
  if (leader_ == seat.worker) leader_ = no_worker;
  if (seat.worker != asking) send(seat, Seat::work, wakes);
}

/// Sees to it that an idle worker wakes at due_ns_. One that wakes too early asks again.
void RunLoop::arm(Worker asking, Wakes& wakes) {
  if (due_ns_ == never || idle_.empty()) return;
  if (leader_ != no_worker && leader_until_ns_ <= due_ns_) return;
  if (leader_ == no_worker) {
    const bool suited = due_worker_ != no_worker && idle_.contains(due_worker_);
    leader_ = suited ? due_worker_ : longest_idle();
  }
  leader_until_ns_ = due_ns_;
  if (leader_ != asking) send(*seat_of_[static_cast<std::size_t>(leader_)], Seat::look, wakes);
}

void RunLoop::complete(Seat& seat, Operation& completion, Nanos now_ns) {
  constexpr std::size_t error_bytes_max = 2000;
  const Operation& invocation = seat.operation;
  completion.process = invocation.process;
  if (completion.f != invocation.f) completion.f = invocation.f;
  if (!(completion.key == invocation.key)) completion.key = invocation.key;
  if (completion.node != invocation.node) completion.node = invocation.node;
  if (completion.error.size() > error_bytes_max) completion.error.resize(error_bytes_max);
  conductor_.end(now_ns, seat.worker, completion);
  record(completion);

  seat.busy = false;
  if (seat.worker == WorkerSet::nemesis) return;
  switch (completion.type) {
    case OperationType::ok:
      ++summary_.ok;
      return;
    case OperationType::fail:
      ++summary_.fail;
      return;
    default:
      ++summary_.info;
      seat.process = conductor_.process_of(seat.worker);
      if (setup_.node_of) seat.node = setup_.node_of(seat.worker, seat.process);
  }
}

void RunLoop::end_if_done(Wakes& wakes) {
  if (ended_ || !(exhausted_ || stopping_.load(std::memory_order_relaxed))) return;
  if (!conductor_.idle()) return;
  ended_ = true;
  for (Worker w = idle_.front(); w != no_worker; w = idle_.after(w))
    send(*seat_of_[static_cast<std::size_t>(w)], Seat::look, wakes);
  ended_signal_.store(1, std::memory_order_release);
  wakes.push_back(&ended_signal_);
}

void RunLoop::stop() {
  summary_.stopped_early = true;
  stopping_.store(true, std::memory_order_relaxed);
}

/// Before every operation, so that a sink that is nearly full need only take completions.
void RunLoop::stop_if_a_sink_failed() {
  if (stopping_.load(std::memory_order_relaxed)) return;
  for (const EventSink* sink : setup_.sinks) {
    std::string why = sink->failure();
    if (why.empty()) continue;
    note(std::move(why));
    stop();
    return;
  }
}

void RunLoop::record(const Operation& event) {
  for (EventSink* sink : setup_.sinks)
    sink->on_event(event);
}

void RunLoop::note(std::string text) {
  constexpr std::size_t notes_max = 20;
  if (summary_.notes.size() < notes_max) {
    summary_.notes.push_back(std::move(text));
  } else {
    ++notes_dropped_;
  }
}

/// The client that has waited longest; the nemesis, which mostly waits, only if there is no other.
Worker RunLoop::longest_idle() const {
  const Worker first = idle_.front();
  if (first != WorkerSet::nemesis) return first;
  const Worker second = idle_.after(first);
  return second != no_worker ? second : first;
}

void RunLoop::send(Seat& seat, Seat::Signal signal, Wakes& wakes) {
  seat.signal.store(signal, std::memory_order_release);
  wakes.push_back(&seat.signal);
}

}  // namespace gauntlet
