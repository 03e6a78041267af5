#include "nemesis/agent/ip_packet.hpp"

#include <arpa/inet.h>

#include <cstring>

namespace gauntlet::agent {

namespace {

constexpr std::uint8_t icmp = 1, tcp = 6, udp = 17, icmp6 = 58;

/// The parts of a packet that damage needs.
struct Layout {
  std::uint8_t protocol = 0;
  std::size_t addresses = 0, addresses_size = 0;  ///< both, one after the other
  std::size_t transport = 0;                      ///< where the header of TCP and so on begins
  std::size_t payload = 0;
  std::size_t checksum = 0;
};

std::size_t word_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at] << 8 | bytes[at + 1]);
}

/// The internet checksum's sum (RFC 1071), before it is folded.
std::uint64_t sum_of(std::span<const std::uint8_t> bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
    sum += word_at(bytes, i);
  if (bytes.size() % 2 == 1) sum += static_cast<std::uint64_t>(bytes.back()) << 8;
  return sum;
}

bool find_network(std::span<const std::uint8_t> packet, Layout& layout) {
  if (packet.size() >= 20 && packet[0] >> 4 == 4) {
    const bool fragment = (word_at(packet, 6) & 0x3fff) != 0;
    layout = {packet[9], 12, 8, static_cast<std::size_t>(packet[0] & 15) * 4, 0, 0};
    return !fragment && layout.transport >= 20 && word_at(packet, 2) == packet.size();
  }
  if (packet.size() >= 40 && packet[0] >> 4 == 6) {  // without extension headers
    layout = {packet[6], 8, 32, 40, 0, 0};
    return word_at(packet, 4) + 40 == packet.size();
  }
  return false;
}

bool find_transport(std::span<const std::uint8_t> packet, Layout& layout) {
  const std::size_t at = layout.transport;
  std::size_t header = 8, checksum = 2;
  if (layout.protocol == tcp) {
    if (packet.size() < at + 20) return false;
    header = static_cast<std::size_t>(packet[at + 12] >> 4) * 4;
    checksum = 16;
    if (header < 20) return false;
  } else if (layout.protocol == udp) {
    checksum = 6;
  } else if (layout.protocol != icmp && layout.protocol != icmp6) {
    return false;
  }
  layout.payload = at + header;
  layout.checksum = at + checksum;
  return packet.size() > layout.payload;
}

void set_checksum(std::span<std::uint8_t> packet, const Layout& layout) {
  packet[layout.checksum] = packet[layout.checksum + 1] = 0;
  const auto transport = packet.subspan(layout.transport);
  std::uint64_t sum = sum_of(transport);
  if (layout.protocol != icmp) {  // the others cover addresses, length and protocol as well
    sum += sum_of(packet.subspan(layout.addresses, layout.addresses_size));
    sum += transport.size() + layout.protocol;
  }
  while (sum >> 16 != 0)
    sum = (sum & 0xffff) + (sum >> 16);
  auto checksum = static_cast<std::uint16_t>(~sum & 0xffff);
  if (checksum == 0 && layout.protocol == udp) checksum = 0xffff;  // 0 means that there is none
  packet[layout.checksum] = static_cast<std::uint8_t>(checksum >> 8);
  packet[layout.checksum + 1] = static_cast<std::uint8_t>(checksum & 0xff);
}

constexpr char mapped_prefix[] = "\0\0\0\0\0\0\0\0\0\0\xff\xff";

}  // namespace

std::string source_of(std::span<const std::uint8_t> packet) {
  const auto bytes = [&](std::size_t at, std::size_t size) {
    std::string text(size, '\0');
    std::memcpy(text.data(), packet.data() + at, size);
    return text;
  };
  if (packet.size() >= 20 && packet[0] >> 4 == 4)
    return std::string(mapped_prefix, 12) + bytes(12, 4);
  if (packet.size() >= 40 && packet[0] >> 4 == 6) return bytes(8, 16);
  return {};
}

std::string address_key(const std::string& text) {
  char bytes[16];
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1)
    return std::string(mapped_prefix, 12) + std::string(bytes, 4);
  if (inet_pton(AF_INET6, text.c_str(), bytes) == 1) return {bytes, 16};
  return {};
}

bool corrupt_payload(std::span<std::uint8_t> packet, bool correct_checksum, Random& random) {
  Layout layout;
  if (!find_network(packet, layout) || !find_transport(packet, layout)) return false;
  // What comes from this machine has a checksum that was left to the network card.
  set_checksum(packet, layout);
  const std::size_t bit = random.below(8 * (packet.size() - layout.payload));
  packet[layout.payload + bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
  if (correct_checksum) set_checksum(packet, layout);
  return true;
}

}  // namespace gauntlet::agent
