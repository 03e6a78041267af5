#include "nemesis/agent/netlink_queue.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace gauntlet::agent {

namespace {

constexpr std::size_t batch = 64;                   ///< packets a system call
constexpr std::size_t message_bytes_max = 1 << 17;  ///< a packet of 64 kB and what describes it
constexpr std::size_t flush_bytes = 1 << 15;

template <class T>
std::span<const std::uint8_t> bytes_of(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

void append(std::vector<std::uint8_t>& out, std::span<const std::uint8_t> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.resize(NLMSG_ALIGN(out.size()));
}

void append_attribute(std::vector<std::uint8_t>& out, std::uint16_t type,
                      std::span<const std::uint8_t> value) {
  const nlattr header{static_cast<std::uint16_t>(NLA_HDRLEN + value.size()), type};
  append(out, bytes_of(header));
  append(out, value);
}

/// Begins a message and answers where, so that its length can be set.
std::size_t begin_message(std::vector<std::uint8_t>& out, std::uint16_t type, std::uint16_t flags,
                          std::uint16_t queue) {
  const std::size_t at = out.size();
  nlmsghdr header{};
  header.nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_QUEUE << 8 | type);
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  append(out, bytes_of(header));
  append(out, bytes_of(nfgenmsg{AF_UNSPEC, NFNETLINK_V0, htons(queue)}));
  return at;
}

void end_message(std::vector<std::uint8_t>& out, std::size_t at) {
  const auto size = static_cast<std::uint32_t>(out.size() - at);
  std::memcpy(out.data() + at + offsetof(nlmsghdr, nlmsg_len), &size, sizeof size);
}

/// Reads one message of a packet.
bool read_packet(std::span<std::uint8_t> message, QueuedPacket& packet) {
  constexpr std::size_t begin = NLMSG_ALIGN(sizeof(nlmsghdr)) + NLMSG_ALIGN(sizeof(nfgenmsg));
  bool has_id = false;
  for (std::size_t at = begin; at + NLA_HDRLEN <= message.size();) {
    nlattr attribute{};
    std::memcpy(&attribute, message.data() + at, sizeof attribute);
    if (attribute.nla_len < NLA_HDRLEN || at + attribute.nla_len > message.size()) break;
    const auto value = message.subspan(at + NLA_HDRLEN, attribute.nla_len - NLA_HDRLEN);
    const int type = attribute.nla_type & NLA_TYPE_MASK;
    if (type == NFQA_PACKET_HDR && value.size() >= 4) {
      std::memcpy(&packet.id, value.data(), 4);
      packet.id = ntohl(packet.id);
      has_id = true;
    }
    if (type == NFQA_PAYLOAD) packet.bytes = value;
    if (type == NFQA_CAP_LEN) packet.whole = false;  // only told of where something was cut off
    at += NLA_ALIGN(attribute.nla_len);
  }
  return has_id;
}

}  // namespace

NetlinkQueue::~NetlinkQueue() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::string NetlinkQueue::open(std::uint16_t queue, std::uint32_t bytes) {
  const auto why = [](const char* what) { return std::string(what) + ": " + std::strerror(errno); };
  descriptor_ = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
  if (descriptor_ < 0) return why("a netlink socket");
  queue_ = queue;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (bind(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return why("binding a netlink socket");
  // Bursts wait here while this thread does not run; the limit of the system is no limit for root.
  const int buffer_bytes = 64 << 20;
  if (setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof buffer_bytes) != 0)
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
  const int yes = 1;
  setsockopt(descriptor_, SOL_NETLINK, NETLINK_NO_ENOBUFS, &yes, sizeof yes);
  incoming_.resize(batch * message_bytes_max);

  configure(NFQA_CFG_CMD, bytes_of(nfqnl_msg_config_cmd{NFQNL_CFG_CMD_BIND, 0, htons(AF_UNSPEC)}));
  if (auto refused = acknowledge(); !refused.empty()) return "binding the queue: " + refused;
  set_copy_bytes(bytes);
  configure(NFQA_CFG_QUEUE_MAXLEN, bytes_of(htonl(100'000)));
  acknowledge();
  // A full queue lets packets pass rather than lose them, and large ones come as they are.
  const std::size_t at = begin_message(outgoing_, NFQNL_MSG_CONFIG, NLM_F_ACK, queue_);
  const std::uint32_t flags = htonl(NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_GSO);
  append_attribute(outgoing_, NFQA_CFG_FLAGS, bytes_of(flags));
  append_attribute(outgoing_, NFQA_CFG_MASK, bytes_of(flags));
  end_message(outgoing_, at);
  flush();
  acknowledge();
  return {};
}

void NetlinkQueue::set_copy_bytes(std::uint32_t bytes) {
  nfqnl_msg_config_params parameters{};
  parameters.copy_range = htonl(bytes);
  parameters.copy_mode = NFQNL_COPY_PACKET;
  // Without an acknowledgement: packets come in between.
  const std::size_t at = begin_message(outgoing_, NFQNL_MSG_CONFIG, 0, queue_);
  append_attribute(outgoing_, NFQA_CFG_PARAMS, bytes_of(parameters));
  end_message(outgoing_, at);
  flush();
}

void NetlinkQueue::configure(std::uint16_t attribute, std::span<const std::uint8_t> value) {
  const std::size_t at = begin_message(outgoing_, NFQNL_MSG_CONFIG, NLM_F_ACK, queue_);
  append_attribute(outgoing_, attribute, value);
  end_message(outgoing_, at);
  flush();
}

/// The kernel has answered before a request returns.
std::string NetlinkQueue::acknowledge() {
  const ssize_t size = recv(descriptor_, incoming_.data(), incoming_.size(), 0);
  nlmsghdr header{};
  nlmsgerr error{};
  if (size < static_cast<ssize_t>(NLMSG_HDRLEN + sizeof error.error)) return "no answer";
  std::memcpy(&header, incoming_.data(), sizeof header);
  std::memcpy(&error.error, incoming_.data() + NLMSG_HDRLEN, sizeof error.error);
  if (header.nlmsg_type != NLMSG_ERROR || error.error == 0) return {};
  return std::strerror(-error.error);
}

bool NetlinkQueue::receive(const std::function<void(QueuedPacket)>& take) {
  mmsghdr messages[batch]{};
  iovec places[batch];
  for (std::size_t i = 0; i < batch; ++i) {
    places[i] = {incoming_.data() + i * message_bytes_max, message_bytes_max};
    messages[i].msg_hdr.msg_iov = &places[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int count = recvmmsg(descriptor_, messages, batch, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    std::span<std::uint8_t> rest(incoming_.data() + static_cast<std::size_t>(i) * message_bytes_max,
                                 messages[i].msg_len);
    while (rest.size() >= NLMSG_HDRLEN) {
      nlmsghdr header{};
      std::memcpy(&header, rest.data(), sizeof header);
      if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > rest.size()) break;
      QueuedPacket packet;
      packet.whole = true;
      const bool is_packet = header.nlmsg_type == (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET);
      if (is_packet && read_packet(rest.first(header.nlmsg_len), packet)) take(packet);
      rest = rest.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), rest.size()));
    }
  }
  return count > 0;
}

void NetlinkQueue::accept(std::uint32_t id) {
  verdict(id, NF_ACCEPT, {});
}

void NetlinkQueue::accept_changed(std::uint32_t id, std::span<const std::uint8_t> bytes) {
  verdict(id, NF_ACCEPT, bytes);
}

void NetlinkQueue::drop(std::uint32_t id) {
  verdict(id, NF_DROP, {});
}

void NetlinkQueue::verdict(std::uint32_t id, std::uint32_t what,
                           std::span<const std::uint8_t> bytes) {
  const std::size_t at = begin_message(outgoing_, NFQNL_MSG_VERDICT, 0, queue_);
  append_attribute(outgoing_, NFQA_VERDICT_HDR,
                   bytes_of(nfqnl_msg_verdict_hdr{htonl(what), htonl(id)}));
  if (!bytes.empty()) append_attribute(outgoing_, NFQA_PAYLOAD, bytes);
  end_message(outgoing_, at);
  if (outgoing_.size() >= flush_bytes) flush();
}

void NetlinkQueue::flush() {
  if (outgoing_.empty()) return;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  while (sendto(descriptor_, outgoing_.data(), outgoing_.size(), 0,
                reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) < 0 &&
         errno == EINTR) {
  }
  outgoing_.clear();
}

}  // namespace gauntlet::agent
