// The threads of an analysis: parts are judged side by side, and a thread that finds no part left
// is lent to the searches that still run (Budget::spare_threads).
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

namespace gauntlet {

/// Takes a thread from the spare ones, if there is one, and gives it back in the end.
class SpareThread {
 public:
  /// `spare` may be nullptr, else it outlives this object.
  explicit SpareThread(std::atomic<int>* spare) : spare_(spare) {
    int left = spare == nullptr ? 0 : spare->load();
    while (left > 0 && !taken_)
      taken_ = spare->compare_exchange_weak(left, left - 1);
  }
  ~SpareThread() {
    if (taken_) spare_->fetch_add(1);
  }
  SpareThread(const SpareThread&) = delete;
  SpareThread& operator=(const SpareThread&) = delete;

  explicit operator bool() const { return taken_; }

 private:
  std::atomic<int>* spare_;
  bool taken_ = false;
};

/// Calls `work(i)` once for each i below `count`, in ascending order of starting, on `threads`
/// threads at once, the caller's among them; on fewer where the system grants no more. Threads that
/// are not needed, or not any more, are added to `spare`. `work` must not throw.
void in_parallel(std::size_t count, unsigned threads, std::atomic<int>& spare,
                 const std::function<void(std::size_t)>& work);

}  // namespace gauntlet
