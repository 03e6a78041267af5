// Asks each node for its time in the course of a run, and writes down how far it is off.
//
// A line of clocks.jsonl a question, flushed at once:
//   {"time":12000345678,"node":"n1","of":"database","offset":-300000412345,"within":212345}
//   {"time":13000345678,"node":"n1","error":"connection refused"}
// The clock is the database's own where it tells (Database::clock), since faults on clocks put off
// that one and not the machine's; else the machine's, which is asked every tenth time.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/descriptor.hpp"
#include "harness/run/database.hpp"
#include "harness/run/run.hpp"

namespace gauntlet {

/// A thread a node, so that one that does not answer holds up no other. As a sink it learns when
/// the run has started; before its first event nothing is asked.
class ClockSampler : public EventSink {
 public:
  /// `cluster` and `database` outlive it. `interval`: between two questions to a node.
  static Result<std::unique_ptr<ClockSampler>> create(const std::string& path, Cluster& cluster,
                                                      Database& database,
                                                      std::chrono::nanoseconds interval);
  ~ClockSampler() override { finish(); }

  void on_event(const Operation& event) override;
  /// Waits for questions that are under way, at most 5 s. Idempotent.
  void finish();

 private:
  ClockSampler(Descriptor file, Database& database, std::chrono::nanoseconds interval)
      : file_(std::move(file)), database_(database), interval_(interval) {}
  void ask_again_and_again(Node& node);
  /// Whether it was the database that told.
  bool ask(Node& node);
  bool sleep(std::chrono::nanoseconds time);
  void write(const Value& line);

  Descriptor file_;
  Database& database_;
  const std::chrono::nanoseconds interval_;
  std::atomic<bool> started_ = false;

  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  Nanos start_ns_ = 0;  ///< of the run, by monotonic_now
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace gauntlet
