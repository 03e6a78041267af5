#include "cli/live_monitor.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gauntlet {

namespace {

/// How often the queue is emptied. Nobody is woken for an event, so an event costs no system call.
constexpr std::chrono::milliseconds period{5};

}  // namespace

LiveMonitor::LiveMonitor(const Model& model, const MonitorOptions& options,
                         std::function<void()> on_violation, std::size_t queue_max)
    : on_violation_(std::move(on_violation)),
      queue_max_(queue_max),
      monitor_(model, options),
      thread_([this] { watch(); }) {}

LiveMonitor::~LiveMonitor() {
  if (thread_.joinable()) finish();
}

void LiveMonitor::on_event(const Operation& event) {
  if (violated_.load(std::memory_order_relaxed)) return;
  Operation copy;  // of what a monitor looks at
  copy.index = event.index;
  copy.time_ns = event.time_ns;
  copy.type = event.type;
  copy.process = event.process;
  copy.f = event.f;
  copy.value = event.process >= 0 ? event.value : Value();
  copy.key = event.key;
  // The event was given its time a moment ago; how long ago varies, the least is nearly nothing.
  const Nanos start_ns = monotonic_now() - event.time_ns;
  const std::lock_guard guard(mutex_);
  start_ns_ = std::min(start_ns_, start_ns);
  if (overflowed_at_ >= 0) return;
  if (queue_.size() >= queue_max_) {
    overflowed_at_ = event.index;
    return;
  }
  queue_.push_back(std::move(copy));
}

std::string LiveMonitor::failure() const {
  return violated_.load(std::memory_order_acquire)
             ? "the run was ended because of a violation (--stop-on-violation)"
             : "";
}

void LiveMonitor::watch() {
  std::vector<Operation> events;
  bool finishing = false;
  while (!finishing) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, period, [this] { return finishing_; });
      finishing = finishing_;
      events.clear();
      events.swap(queue_);
    }
    look_at(events);
  }
}

void LiveMonitor::look_at(const std::vector<Operation>& events) {
  for (const Operation& event : events) {
    if (violation_) return;
    monitor_.append(event);
    if (!monitor_.violation()) continue;
    const Nanos now_ns = monotonic_now();
    {
      const std::lock_guard guard(mutex_);
      violation_ = {*monitor_.violation(), event.time_ns, now_ns - start_ns_};
    }
    violated_.store(true, std::memory_order_release);
    if (on_violation_) on_violation_();
  }
}

LiveFindings LiveMonitor::finish() {
  {
    const std::lock_guard guard(mutex_);
    finishing_ = true;
  }
  changed_.notify_all();
  thread_.join();
  LiveFindings findings;
  findings.violation = violation_;
  if (violation_) return findings;
  findings.saw_everything = overflowed_at_ < 0 && monitor_.watches_all();
  if (overflowed_at_ >= 0) {
    findings.notes.push_back(
        fmt::format("the monitor fell behind and stopped at event {}; what came later was not "
                    "watched for violations while the run went on",
                    overflowed_at_));
  }
  if (!monitor_.reason().empty()) {
    findings.notes.push_back("the monitor stopped watching: " + monitor_.reason());
  }
  for (const PartVerdict& key : monitor_.given_up()) {
    constexpr std::size_t shown = 3;
    if (&key - monitor_.given_up().data() >= static_cast<std::ptrdiff_t>(shown)) break;
    findings.notes.push_back(
        fmt::format("the monitor stopped watching {}: {}",
                    key.key.empty() ? std::string("the object") : "key " + key.key, key.reason));
  }
  if (const std::size_t keys = monitor_.figures().keys_given_up; keys > 3) {
    findings.notes.push_back(fmt::format("the monitor stopped watching {} keys in all", keys));
  }
  return findings;
}

}  // namespace gauntlet
