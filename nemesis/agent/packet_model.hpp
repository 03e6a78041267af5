// What happens to a packet: lost, damaged, held back; drawn for each packet on its own.
//
// Pure: time and randomness come from outside, so that the distributions are tested without a
// network. Delays follow tc-netem's terms: a mean, a jitter that is the standard deviation
// (uniform: the greatest deviation), and a distribution.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace gauntlet::agent {

enum class Distribution { uniform, normal, pareto };

struct PacketModel {
  std::int64_t delay_ns = 0;
  std::int64_t jitter_ns = 0;
  Distribution distribution = Distribution::normal;
  bool keep_order = true;  ///< of the packets of one sender

  double reorder = 0;           ///< probability that a packet is held until later ones have passed
  std::int64_t reorder_ns = 0;  ///< for how long

  double corrupt = 0;            ///< probability that a bit of the payload is flipped
  bool correct_checksum = true;  ///< so that the receiver takes it; else its kernel drops it

  /// Gilbert and Elliott: packets are lost while the line is in its bad state.
  double loss = 0;   ///< share of packets that are lost in the long run
  double burst = 1;  ///< mean length of a bad state, in packets
};

/// Reads words "delay_ms=50"; nullopt with the reason in `error` for what makes no sense.
std::optional<PacketModel> parse_packet_model(const std::vector<std::string>& words,
                                              std::string& error);

struct PacketFate {
  bool lost = false;
  bool corrupted = false;
  std::int64_t hold_ns = 0;
  bool ordered = true;  ///< not released before an earlier packet of the same sender
};

/// One model at work on the packets of one sender.
class PacketLine {
 public:
  explicit PacketLine(const PacketModel& model) : model_(model) {}
  PacketFate next(Random& random);

 private:
  PacketModel model_;
  bool bad_ = false;
};

/// A delay of the model: never negative, nor above ten times its parts.
std::int64_t draw_delay_ns(const PacketModel& model, Random& random);

}  // namespace gauntlet::agent
