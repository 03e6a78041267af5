// What a run is doing, live on a terminal: one line, drawn five times a second.
//
//   load  12 s  1204 ops/s  ok 14032  fail 12  info 3  fault: partition n1 n2
//
// Where standard error is no terminal there is a line for each phase and nothing else.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.hpp"
#include "harness/run/run.hpp"

namespace gauntlet {

/// Counts as an event sink (a few ns an event), draws on a thread of its own. All functions may be
/// called from any thread.
class Progress : public EventSink {
 public:
  /// On standard error.
  Progress();
  Progress(int descriptor, bool is_terminal);
  ~Progress() override;

  /// What follows belongs to the phase of this name.
  void phase(std::string_view name);
  void on_event(const Operation& event) override;
  /// Removes the line; nothing is drawn any more. Idempotent.
  void finish();

  /// The line as it would be drawn now, cut to `columns`, printable ASCII only.
  std::string line(std::size_t columns) const;

 private:
  void draw();
  void sample();
  void on_nemesis(const Operation& event);

  const int descriptor_;
  const bool is_terminal_;
  const Nanos started_ns_ = monotonic_now();
  std::array<std::atomic<std::uint64_t>, 4> completed_{};  ///< of clients, by OperationType

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::string phase_;
  std::map<std::int64_t, std::string> faults_;  ///< those in place, by number
  std::string nemesis_acts_;                    ///< the operation that it is carrying out
  double rate_ = 0;                             ///< operations a second, over the last second
  static constexpr std::size_t samples = 6;
  std::array<std::pair<Nanos, std::uint64_t>, samples> samples_{};  ///< time, operations so far
  std::size_t sample_next_ = 0;
  bool finished_ = false;
  std::thread drawer_;
};

}  // namespace gauntlet
