// A bounded number of SSH sessions to one node, each used by one thread at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/random.hpp"
#include "harness/control/ssh_session.hpp"

namespace gauntlet {

/// Thread-safe. Sessions are opened on demand, kept for reuse, and replaced when they break.
class SessionPool {
 public:
  SessionPool(SshTarget target, std::size_t sessions_max);

  /// A session for exclusive use, handed back on destruction; must not outlive the pool.
  class Lease {
   public:
    Lease(SessionPool& pool, std::unique_ptr<SshSession> session, bool fresh)
        : pool_(&pool), session_(std::move(session)), fresh_(fresh) {}
    Lease(Lease&& other) noexcept = default;
    ~Lease();
    SshSession& operator*() const { return *session_; }
    SshSession* operator->() const { return session_.get(); }
    /// Whether it was just opened; one that lay idle may have died unnoticed.
    bool fresh() const { return fresh_; }

   private:
    SessionPool* pool_;
    std::unique_ptr<SshSession> session_;
    bool fresh_;
  };

  /// While it is so, sessions are refused at once: see Node::set_away.
  void set_away(bool away) { away_ = away; }
  /// `transport` if it is away.
  Result<void> check_away() const;

  /// Waits for a free place and opens a session if none lies idle, retrying a few times with
  /// growing pauses while the host is not reached. `timeout` when all places stay taken.
  Result<Lease> acquire(Deadline deadline);

  /// Closes the sessions that lie idle: one of them turned out to be dead.
  void drop_idle();

 private:
  Result<std::unique_ptr<SshSession>> open(Deadline deadline);
  void release(std::unique_ptr<SshSession> session);
  std::chrono::nanoseconds pause_before(int attempt);

  const SshTarget target_;
  const std::size_t sessions_max_;
  std::atomic<bool> away_ = false;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::size_t in_use_ = 0;                         ///< guarded by mutex_, as are those below
  std::vector<std::unique_ptr<SshSession>> idle_;  ///< in_use_ + idle_.size() <= sessions_max_
  Random random_;
};

}  // namespace gauntlet
