#include "harness/control/session_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/assert.hpp"

namespace gauntlet {
namespace {

using std::chrono::milliseconds;

constexpr int attempts_max = 4;
constexpr milliseconds retrying_max{4'000};  ///< no further attempt is begun after this
constexpr milliseconds attempt_max{10'000};
constexpr milliseconds first_pause{50};
constexpr milliseconds pause_max{1'000};

}  // namespace

SessionPool::SessionPool(SshTarget target, std::size_t sessions_max)
    : target_(std::move(target)),
      sessions_max_(sessions_max),
      // Only spreads retries; nothing of a test depends on it.
      random_(static_cast<std::uint64_t>(monotonic_now())) {
  GAUNTLET_ASSERT(sessions_max > 0);
}

SessionPool::Lease::~Lease() {
  if (session_) pool_->release(std::move(session_));
}

Result<void> SessionPool::check_away() const {
  if (!away_) return {};
  return failure(ErrorKind::transport, target_.name + ": the machine is paused or off");
}

Result<SessionPool::Lease> SessionPool::acquire(Deadline deadline) {
  if (auto there = check_away(); !there) return there.error();
  {
    std::unique_lock lock(mutex_);
    const bool free =
        freed_.wait_for(lock, deadline.left(), [&] { return in_use_ < sessions_max_; });
    if (!free)
      return failure(ErrorKind::timeout, fmt::format("{}: all {} SSH sessions were busy until the "
                                                     "deadline, the command was not sent",
                                                     target_.name, sessions_max_));
    ++in_use_;
    while (!idle_.empty()) {
      std::unique_ptr<SshSession> session = std::move(idle_.back());
      idle_.pop_back();
      if (session->usable()) return Lease(*this, std::move(session), false);
    }
  }
  auto opened = open(deadline);
  if (opened) return Lease(*this, std::move(*opened), true);
  release(nullptr);
  return opened.error();
}

void SessionPool::drop_idle() {
  std::vector<std::unique_ptr<SshSession>> dropped;
  const std::lock_guard lock(mutex_);
  dropped.swap(idle_);
}

Result<std::unique_ptr<SshSession>> SessionPool::open(Deadline deadline) {
  const Deadline last_attempt = deadline.capped(retrying_max);
  for (int attempt = 1;; ++attempt) {
    auto session = SshSession::connect(target_, deadline.capped(attempt_max));
    if (session || session.error().kind != ErrorKind::transport || attempt == attempts_max)
      return session;
    const auto pause = pause_before(attempt);
    if (pause >= last_attempt.left()) return session;
    std::this_thread::sleep_for(pause);
  }
}

void SessionPool::release(std::unique_ptr<SshSession> session) {
  // An unusable one is closed after the lock is given back.
  const std::lock_guard lock(mutex_);
  --in_use_;
  if (session && session->usable()) idle_.push_back(std::move(session));
  freed_.notify_one();
}

std::chrono::nanoseconds SessionPool::pause_before(int attempt) {
  const milliseconds base = std::min(first_pause * (1 << (attempt - 1)), pause_max);
  const std::lock_guard lock(mutex_);
  return std::chrono::nanoseconds(static_cast<Nanos>(
      static_cast<double>(base.count()) * nanos_per_millisecond * (0.5 + random_.fraction())));
}

}  // namespace gauntlet
