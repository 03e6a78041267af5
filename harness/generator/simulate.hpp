// Runs a generator in virtual time: no threads, no sleeping. For unit tests, and to see what a plan
// would do.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "harness/generator/generator.hpp"

namespace gauntlet {

struct SimulationSetup {
  int clients = 3;
  bool nemesis = false;
  std::uint64_t seed = 0;
  Nanos time_max_ns = 3600 * nanos_per_second;
  std::size_t events_max = 100'000;
  /// How long an operation takes; 1 ms without.
  std::function<Nanos(const Operation& invocation, Random& random)> latency;
  /// Completes the operation: type, value, error; `ok` without.
  std::function<void(Operation& operation, Random& random)> complete;
};

struct Simulation {
  enum class End {
    exhausted,  ///< as it should
    stuck,      ///< pending for ever with all workers free
    cut,        ///< at time_max_ns or events_max
  };
  std::vector<Operation> events;  ///< in order, as recorded
  End end = End::exhausted;
  Nanos time_ns = 0;  ///< when it ended

  /// Without completions.
  std::vector<Operation> invocations() const;
};

/// Polls twice at each step and asserts that the answers agree (generators must be pure until
/// `accept`). O(events log clients) polls.
Simulation simulate(Generator& generator, const SimulationSetup& setup = {});
Simulation simulate(GeneratorPtr generator, const SimulationSetup& setup = {});

}  // namespace gauntlet
