// The part of a run that is the same in real and in virtual time: who is free, which process a
// worker is, what index an event has, and what the generator is told when.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/generator/generator.hpp"

namespace gauntlet {

/// Not thread-safe: its owner (the run loop's lock, the simulator) serializes all calls. Times must
/// not go backwards. The generator outlives it.
class Conductor {
 public:
  /// Client workers 0 .. clients - 1, all free, and the nemesis if there is one.
  Conductor(Generator& generator, int clients, bool nemesis, std::uint64_t seed);

  /// What the generator offers now; `preferred` is the worker that asks, or no_worker.
  Offer poll(Nanos now, Worker preferred);

  /// Takes the operation that the last `poll` offered: its worker is free no more, and
  /// `offer.operation` is the recorded invocation.
  void begin(Nanos now, Offer& offer);

  /// The worker's operation ended as `completion` says, with type ok, fail or info. Sets its index
  /// and time; after an info the worker is a new process. The nemesis's end as info always.
  void end(Nanos now, Worker worker, Operation& completion);

  /// Whether no operation is outstanding.
  bool idle() const { return context_.free == context_.all; }
  const WorkerSet& free() const { return context_.free; }
  const WorkerSet& all() const { return context_.all; }
  Process process_of(Worker worker) const { return context_.process_of(worker); }

 private:
  Generator& generator_;
  Process clients_;
  std::vector<Process> processes_;
  Random random_;
  Context context_;
  std::int64_t index_next_ = 0;
};

}  // namespace gauntlet
