// Judges a run while it goes on, for --stop-on-violation: an event sink that hands the events to a
// thread of its own, where a LinearizabilityMonitor looks at them.
//
// The run loop waits for nobody: an event costs it a copy into a bounded queue, about 0.1
// microseconds. A monitor that cannot keep up stops, and says at which event; the run goes on
// unwatched to its end. The run's verdict is in either case the checker's, from what was recorded.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "checker/linearizability_monitor.hpp"
#include "harness/run/run.hpp"

namespace gauntlet {

/// What a monitor has to say about a run that is over.
struct LiveFindings {
  struct Violation {
    Anomaly anomaly;
    Nanos completed_ns = 0;  ///< when the completion was recorded, since the run's start
    Nanos seen_ns = 0;       ///< when the monitor knew
  };
  std::optional<Violation> violation;
  /// It looked at everything, so without a violation the history is linearizable.
  bool saw_everything = false;
  std::vector<std::string> notes;  ///< what it did not watch and why; one line each
};

/// `on_event` and `failure` under the run loop's lock; `finish` once, from any thread.
class LiveMonitor : public EventSink {
 public:
  /// `on_violation` is called once, on the monitor's thread. The model outlives the monitor.
  LiveMonitor(const Model& model, const MonitorOptions& options, std::function<void()> on_violation,
              std::size_t queue_max = 1u << 17);
  ~LiveMonitor() override;
  LiveMonitor(const LiveMonitor&) = delete;
  LiveMonitor& operator=(const LiveMonitor&) = delete;

  void on_event(const Operation& event) override;
  /// Ends the run once there is a violation.
  std::string failure() const override;

  /// Looks at what is left, and ends the thread.
  LiveFindings finish();

 private:
  void watch();
  void look_at(const std::vector<Operation>& events);

  const std::function<void()> on_violation_;
  const std::size_t queue_max_;
  LinearizabilityMonitor monitor_;                    // the thread's, until finish
  std::optional<LiveFindings::Violation> violation_;  // likewise
  std::atomic<bool> violated_{false};

  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::vector<Operation> queue_;
  Nanos start_ns_ = std::numeric_limits<Nanos>::max();  ///< the run's, on the monotonic clock
  std::int64_t overflowed_at_ = -1;                     ///< event at which the queue was full
  bool finishing_ = false;
  std::thread thread_;
};

}  // namespace gauntlet
