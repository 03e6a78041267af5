// One queue of packets (NFQUEUE) by raw netlink: packets in, verdicts out, both in batches.
//
// The protocol is <linux/netfilter/nfnetlink_queue.h>; no library, since this program is static and
// small. Needs CAP_NET_ADMIN in the network namespace.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace gauntlet::agent {

struct QueuedPacket {
  std::uint32_t id = 0;
  std::span<std::uint8_t> bytes;  ///< as much as was asked for; may be changed in place
  bool whole = false;             ///< nothing of it is missing
};

/// Used by one thread.
class NetlinkQueue {
 public:
  NetlinkQueue() = default;
  ~NetlinkQueue();
  NetlinkQueue(const NetlinkQueue&) = delete;
  NetlinkQueue& operator=(const NetlinkQueue&) = delete;

  /// Binds to a queue; "" or why it cannot. Packets come with their first `bytes` bytes.
  std::string open(std::uint16_t queue, std::uint32_t bytes);
  /// How much of each packet is handed over from now on.
  void set_copy_bytes(std::uint32_t bytes);
  int descriptor() const { return descriptor_; }

  /// Hands over what has come, up to some hundred packets, without waiting. False if none was
  /// there.
  bool receive(const std::function<void(QueuedPacket)>& take);

  /// Verdicts are gathered until `flush` or until there are many.
  void accept(std::uint32_t id);
  void accept_changed(std::uint32_t id, std::span<const std::uint8_t> bytes);
  void drop(std::uint32_t id);
  void flush();

 private:
  void verdict(std::uint32_t id, std::uint32_t what, std::span<const std::uint8_t> bytes);
  void configure(std::uint16_t attribute, std::span<const std::uint8_t> value);
  std::string acknowledge();

  int descriptor_ = -1;
  std::uint16_t queue_ = 0;
  std::vector<std::uint8_t> incoming_, outgoing_;
};

}  // namespace gauntlet::agent
