// Something that is done again each time that it is asked for, in a thread of its own.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace gauntlet::disk {

/// Whoever asks does not wait. Requests that come while it is being done are one more time. Ends
/// with this object, after the time that is under way. Thread-safe.
class Chore {
 public:
  explicit Chore(std::function<void()> work) : work_(std::move(work)), thread_([this] { run(); }) {}
  ~Chore() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Chore(const Chore&) = delete;
  Chore& operator=(const Chore&) = delete;

  void ask() {
    const std::lock_guard lock(mutex_);
    asked_ = true;
    changed_.notify_all();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return asked_ || ending_; });
      if (ending_) return;
      asked_ = false;
      lock.unlock();
      work_();
      lock.lock();
    }
  }

  const std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false, ending_ = false;
  std::thread thread_;  // the last one: it uses the others
};

}  // namespace gauntlet::disk
