// What the node's agent does to packets, without a network.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "nemesis/agent/ip_packet.hpp"
#include "nemesis/agent/packet_model.hpp"

using namespace gauntlet;
using namespace gauntlet::agent;

namespace {

PacketModel model_of(const std::vector<std::string>& words) {
  std::string error;
  const auto model = parse_packet_model(words, error);
  REQUIRE(model.has_value());
  return *model;
}

/// The internet checksum of some bytes: 0 for a header that holds its own.
std::uint16_t checksum_of(std::vector<std::uint8_t> bytes) {
  if (bytes.size() % 2 == 1) bytes.push_back(0);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    sum += static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  while (sum >> 16 != 0)
    sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum & 0xffff);
}

/// Of TCP over IPv4, from 10.0.0.1 to 10.0.0.2; its checksum is not set.
std::vector<std::uint8_t> tcp_packet(std::size_t payload) {
  std::vector<std::uint8_t> packet(40 + payload, 'x');
  std::fill_n(packet.begin(), 40, 0);
  packet[0] = 0x45;
  packet[2] = static_cast<std::uint8_t>(packet.size() >> 8);
  packet[3] = static_cast<std::uint8_t>(packet.size());
  packet[9] = 6;
  packet[12] = packet[16] = 10;
  packet[15] = 1;
  packet[19] = 2;
  packet[32] = 0x50;
  return packet;
}

/// With the pseudo header in front, as TCP is summed.
std::uint16_t tcp_checksum(const std::vector<std::uint8_t>& packet) {
  std::vector<std::uint8_t> summed(packet.begin() + 12, packet.begin() + 20);
  const std::size_t size = packet.size() - 20;
  summed.insert(summed.end(),
                {0, 6, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
  summed.insert(summed.end(), packet.begin() + 20, packet.end());
  return checksum_of(summed);
}

}  // namespace

TEST_CASE("delays have the mean and the spread that were asked for") {
  for (const char* distribution : {"uniform", "normal", "pareto"}) {
    CAPTURE(std::string(distribution));
    const PacketModel model =
        model_of({"delay_ms=50", "jitter_ms=10", std::string("distribution=") + distribution});
    Random random(7);
    std::vector<double> delays(20'000);
    std::ranges::generate(delays,
                          [&] { return static_cast<double>(draw_delay_ns(model, random)) / 1e6; });
    const double count = static_cast<double>(delays.size());
    const double mean = std::accumulate(delays.begin(), delays.end(), 0.0) / count;
    double variance = 0;
    for (const double delay : delays)
      variance += (delay - mean) * (delay - mean) / count;
    CHECK(std::abs(mean - 50) < 0.5);
    const double deviation = model.distribution == Distribution::uniform ? 10 / std::sqrt(3) : 10;
    CHECK(std::abs(std::sqrt(variance) - deviation) < 1.5);
    CHECK(*std::ranges::min_element(delays) >= 0);
  }
  Random random(1);
  CHECK(draw_delay_ns(model_of({"delay_ms=50"}), random) == 50'000'000);
}

TEST_CASE("losses come in bursts of the mean length, and as many as asked") {
  PacketLine line(model_of({"loss=0.2", "burst=5"}));
  Random random(3);
  int lost = 0, bursts = 0;
  bool before = false;
  constexpr int packets = 100'000;
  for (int i = 0; i < packets; ++i) {
    const bool now = line.next(random).lost;
    lost += now ? 1 : 0;
    bursts += now && !before ? 1 : 0;
    before = now;
  }
  CHECK(std::abs(lost / static_cast<double>(packets) - 0.2) < 0.02);
  CHECK(std::abs(lost / static_cast<double>(bursts) - 5) < 0.5);
  PacketLine all(model_of({"loss=1"}));
  CHECK(all.next(random).lost);
}

TEST_CASE("models that make no sense are refused") {
  std::string error;
  for (const char* word : {"delay_ms=-1", "delay_ms=x", "loss=2", "burst=0", "distribution=flat",
                           "keep_order=maybe", "colour=red", "delay_ms", ""})
    CHECK_FALSE(parse_packet_model({word}, error).has_value());
  CHECK_FALSE(error.empty());
}

TEST_CASE("one bit of the payload is flipped, with a right checksum or a wrong one") {
  Random random(5);
  for (const bool correct : {true, false}) {
    for (int i = 0; i < 50; ++i) {
      const auto original = tcp_packet(33);
      auto packet = original;
      REQUIRE(corrupt_payload(packet, correct, random));
      CHECK((tcp_checksum(packet) == 0) == correct);
      int bits = 0;
      for (std::size_t at = 0; at < packet.size(); ++at) {
        if (at == 36 || at == 37) continue;  // the checksum
        const int changed = std::popcount(static_cast<unsigned>(packet[at] ^ original[at]));
        if (at < 40) CHECK(changed == 0);
        bits += changed;
      }
      CHECK(bits == 1);
    }
  }
}

TEST_CASE("packets without a payload, cut ones and fragments are left alone") {
  Random random(5);
  auto bare = tcp_packet(0);
  CHECK_FALSE(corrupt_payload(bare, true, random));
  auto cut = tcp_packet(33);
  cut.pop_back();
  CHECK_FALSE(corrupt_payload(cut, true, random));
  auto fragment = tcp_packet(33);
  fragment[6] = 0x20;
  CHECK_FALSE(corrupt_payload(fragment, true, random));
  std::vector<std::uint8_t> rubbish(64);
  for (int i = 0; i < 10'000; ++i) {
    for (auto& byte : rubbish)
      byte = static_cast<std::uint8_t>(random.below(256));
    auto copy = rubbish;
    copy.resize(random.below(65));
    (void)corrupt_payload(copy, true, random);
    (void)source_of(copy);
  }
}

TEST_CASE("senders are known by their address, whatever the family") {
  CHECK(source_of(tcp_packet(1)) == address_key("10.0.0.1"));
  CHECK(address_key("10.0.0.1") == address_key("::ffff:10.0.0.1"));
  CHECK(address_key("2001:db8::1").size() == 16);
  CHECK(address_key("n1").empty());
  CHECK(source_of({}).empty());
}
