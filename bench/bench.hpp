// The contract of a bench: one file in bench/ each, registered on its last line:
//   GAUNTLET_REGISTER(Bench, RunLoopBench);
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/registry.hpp"

namespace gauntlet {

struct BenchSettings {
  std::string folder;  ///< where to put files; on the disk that is to be measured
  int repeats = 3;
  double scale = 1;  ///< of the number of operations: 0.1 for a quick look
  std::string only;  ///< of a table, the rows whose name contains this; empty: all
};

/// Stateless.
class Bench {
 public:
  virtual ~Bench() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;
  /// Measures, and prints a table and how it was taken. False if a bar was missed.
  virtual bool run(const BenchSettings& settings) const = 0;
};

using BenchRegistry = Registry<Bench>;

/// What a piece of work took, in a process of its own.
struct Measured {
  bool ended = false;  ///< it ended by itself, with exit code 0
  double wall_s = 0;
  double cpu_s = 0;  ///< user and system, of all threads
  std::size_t peak_bytes = 0;
  std::vector<double> answers;  ///< what the work returned
};

/// Forks, so that neither memory nor threads of one piece of work are seen by the next. `work` runs
/// in the child and answers with a few numbers. From a process with one thread only.
Measured measure(const std::function<std::vector<double>()>& work);

/// The middle one; requires at least one.
double median(std::vector<double> values);

}  // namespace gauntlet
