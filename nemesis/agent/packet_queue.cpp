#include "nemesis/agent/packet_queue.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "nemesis/agent/ip_packet.hpp"

namespace gauntlet::agent {

namespace {

constexpr std::uint32_t header_bytes = 64;    ///< enough to know the sender
constexpr std::uint32_t whole_bytes = 65531;  ///< what an attribute of netlink holds
constexpr std::size_t held_max = 90'000;      ///< below the kernel's limit for the queue

std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000ll + time.tv_nsec;
}

std::uint64_t seed() {
  std::uint64_t value = 0;
  if (getrandom(&value, sizeof value, 0) != sizeof value)
    return static_cast<std::uint64_t>(now_ns());
  return value;
}

}  // namespace

PacketQueue::~PacketQueue() {
  stop();
}

std::string PacketQueue::put(const std::string& name, const PacketModel& model,
                             const std::vector<std::string>& senders) {
  Injection injection{model, {}, {}};
  for (const auto& sender : senders) {
    const std::string key = address_key(sender);
    if (key.empty()) return "'" + sender + "' is no address in figures";
    injection.lines.emplace(key, PacketLine(model));
  }
  const std::lock_guard lock(mutex_);
  if (queue_ == nullptr) {
    auto queue = std::make_unique<NetlinkQueue>();
    if (auto refused = queue->open(number, header_bytes); !refused.empty()) return refused;
    queue_ = std::move(queue);
    random_ = Random(seed());
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    stopping_ = false;
    thread_ = std::thread([this] { run(); });
  }
  injections_.insert_or_assign(name, std::move(injection));
  queue_->set_copy_bytes(copy_bytes());
  return {};
}

PacketCounts PacketQueue::counts(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto at = injections_.find(name);
  return at != injections_.end() ? at->second.counts : PacketCounts{};
}

PacketCounts PacketQueue::take(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto at = injections_.find(name);
  if (at == injections_.end()) return {};
  const PacketCounts counts = at->second.counts;
  injections_.erase(at);
  // What another injection holds back as well is early, once; what is new meets that one alone.
  release(std::numeric_limits<std::int64_t>::max());
  last_release_ns_.clear();
  queue_->set_copy_bytes(copy_bytes());
  return counts;
}

void PacketQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (queue_ == nullptr) return;
    injections_.clear();
    stopping_ = true;
    eventfd_write(wake_, 1);
  }
  thread_.join();
  const std::lock_guard lock(mutex_);
  release(std::numeric_limits<std::int64_t>::max());
  queue_.reset();
  close(wake_);
  last_release_ns_.clear();
}

std::uint32_t PacketQueue::copy_bytes() const {
  const bool whole = std::ranges::any_of(
      injections_, [](const auto& entry) { return entry.second.model.corrupt > 0; });
  return whole ? whole_bytes : header_bytes;
}

void PacketQueue::run() {
  prctl(PR_SET_TIMERSLACK, 1);  // a timer of 50 ms takes 50 ms
  while (!stopping_) {
    timespec timeout{1, 0};
    pollfd polled[] = {{wake_, POLLIN, 0}, {-1, POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      polled[1].fd = queue_->descriptor();
      if (!held_.empty()) {
        const std::int64_t wait_ns =
            std::clamp<std::int64_t>(held_.top().release_ns - now_ns(), 0, 1'000'000'000);
        timeout = {wait_ns / 1'000'000'000, wait_ns % 1'000'000'000};
      }
    }
    ppoll(polled, 2, &timeout, nullptr);
    const std::lock_guard lock(mutex_);
    constexpr int rounds_max = 16;  // between two looks at the clock
    for (int round = 0; round < rounds_max; ++round) {
      if (!queue_->receive([this](QueuedPacket packet) { meet(packet); })) break;
      release(now_ns());
    }
    release(now_ns());
  }
}

/// Decides about a packet; requires the lock.
void PacketQueue::meet(QueuedPacket packet) {
  const std::string sender = source_of(packet.bytes);
  std::int64_t hold_ns = 0;
  bool lost = false, corrupted = false, ordered = true;
  for (auto& [name, injection] : injections_) {
    const auto line = injection.lines.find(sender);
    if (line == injection.lines.end()) continue;
    const PacketFate fate = line->second.next(random_);
    ++injection.counts.seen;
    bool changed = fate.lost || fate.hold_ns > 0;
    lost = lost || fate.lost;
    hold_ns += fate.hold_ns;
    ordered = ordered && fate.ordered;
    if (fate.corrupted && !fate.lost && packet.whole &&
        corrupt_payload(packet.bytes, injection.model.correct_checksum, random_)) {
      corrupted = changed = true;
    }
    if (changed) ++injection.counts.changed;
  }
  if (lost) return queue_->drop(packet.id);
  const std::int64_t arrival_ns = now_ns();
  std::int64_t release_ns = arrival_ns + hold_ns;
  if (ordered) {
    std::int64_t& last_ns = last_release_ns_[sender];
    release_ns = last_ns = std::max(release_ns, last_ns);
  }
  if (release_ns <= arrival_ns || held_.size() >= held_max) {
    if (corrupted) return queue_->accept_changed(packet.id, packet.bytes);
    return queue_->accept(packet.id);
  }
  Held held{release_ns, arrivals_++, packet.id, {}};
  if (corrupted) held.changed.assign(packet.bytes.begin(), packet.bytes.end());
  held_.push(std::move(held));
}

/// Lets go what is due; requires the lock.
void PacketQueue::release(std::int64_t until_ns) {
  while (!held_.empty() && held_.top().release_ns <= until_ns) {
    const Held& held = held_.top();
    if (held.changed.empty()) queue_->accept(held.id);
    if (!held.changed.empty()) queue_->accept_changed(held.id, held.changed);
    held_.pop();
  }
  queue_->flush();
}

}  // namespace gauntlet::agent
