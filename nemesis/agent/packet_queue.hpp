// The packet queue of a node: one thread that holds, damages or loses what its kernel hands over.
//
// Rules of the node's firewall (put there by the controller, on what comes in) send packets of
// certain senders here. Several injections may concern one sender: a packet meets all of them, and
// their delays add up. A sender that no injection knows passes at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <queue>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "nemesis/agent/netlink_queue.hpp"
#include "nemesis/agent/packet_model.hpp"

namespace gauntlet::agent {

struct PacketCounts {
  std::uint64_t seen = 0;
  std::uint64_t changed = 0;  ///< held, damaged or lost
};

/// Thread-safe.
class PacketQueue {
 public:
  /// The number of the queue, which the rules name.
  static constexpr std::uint16_t number = 27253;

  ~PacketQueue();

  /// Begins or replaces an injection; opens the queue for the first. "" or why it cannot.
  std::string put(const std::string& name, const PacketModel& model,
                  const std::vector<std::string>& senders);
  /// Zeros for an injection that is not there.
  PacketCounts counts(const std::string& name) const;
  /// Ends an injection: what it holds back is let go at once.
  PacketCounts take(const std::string& name);
  /// Ends all, and closes the queue.
  void stop();

 private:
  struct Injection {
    PacketModel model;
    PacketCounts counts;
    std::unordered_map<std::string, PacketLine> lines;  ///< by address_key of the sender
  };
  struct Held {
    std::int64_t release_ns = 0;
    std::uint64_t number = 0;  ///< of arrival: what is released at one time keeps its order
    std::uint32_t id = 0;
    std::vector<std::uint8_t> changed{};                   ///< empty: as it is
    friend bool operator<(const Held& a, const Held& b) {  // the earliest is the greatest
      return a.release_ns != b.release_ns ? a.release_ns > b.release_ns : a.number > b.number;
    }
  };

  void run();
  void meet(QueuedPacket packet);
  void release(std::int64_t until_ns);
  std::uint32_t copy_bytes() const;

  mutable std::mutex mutex_;  ///< of all below but the thread
  std::map<std::string, Injection> injections_;
  std::unique_ptr<NetlinkQueue> queue_;
  std::priority_queue<Held> held_;
  std::unordered_map<std::string, std::int64_t> last_release_ns_;  ///< by sender
  std::uint64_t arrivals_ = 0;
  Random random_{0};
  int wake_ = -1;  ///< an eventfd
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace gauntlet::agent
