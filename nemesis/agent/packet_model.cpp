#include "nemesis/agent/packet_model.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

namespace gauntlet::agent {

namespace {

bool read_number(const std::string& text, double least, double most, double& value) {
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && at == end && value >= least && value <= most;
}

/// Sets one entry of a model; false if there is none of that name or the value is out of range.
bool set_entry(PacketModel& model, const std::string& name, const std::string& text) {
  constexpr double hour_ms = 3'600'000;
  double value = 0;
  const auto take_ns = [&](std::int64_t& ns) {
    if (!read_number(text, 0, hour_ms, value)) return false;
    ns = static_cast<std::int64_t>(value * 1e6);
    return true;
  };
  const auto take_flag = [&](bool& flag) {
    if (text != "0" && text != "1") return false;
    flag = text == "1";
    return true;
  };
  if (name == "delay_ms") return take_ns(model.delay_ns);
  if (name == "jitter_ms") return take_ns(model.jitter_ns);
  if (name == "reorder_ms") return take_ns(model.reorder_ns);
  if (name == "keep_order") return take_flag(model.keep_order);
  if (name == "correct_checksum") return take_flag(model.correct_checksum);
  if (name == "reorder") return read_number(text, 0, 1, model.reorder);
  if (name == "corrupt") return read_number(text, 0, 1, model.corrupt);
  if (name == "loss") return read_number(text, 0, 1, model.loss);
  if (name == "burst") return read_number(text, 1, 1e6, model.burst);
  if (name != "distribution") return false;
  if (text == "uniform") model.distribution = Distribution::uniform;
  if (text == "normal") model.distribution = Distribution::normal;
  if (text == "pareto") model.distribution = Distribution::pareto;
  return text == "uniform" || text == "normal" || text == "pareto";
}

/// A deviation from the mean with standard deviation 1 (uniform: at most 1).
double draw_deviation(Distribution distribution, Random& random) {
  // In (0, 1], so that logarithms and powers are finite.
  const double u = 1 - random.fraction();
  switch (distribution) {
    case Distribution::uniform:
      return 2 * u - 1;
    case Distribution::normal:  // Box and Muller
      return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * random.fraction());
    case Distribution::pareto: {
      // Shape 3, as in tc-netem's table: mean 3/2 and variance 3/4 with scale 1.
      constexpr double mean = 1.5, deviation = 0.8660254037844386;
      return (std::pow(u, -1.0 / 3) - mean) / deviation;
    }
  }
  return 0;
}

}  // namespace

std::optional<PacketModel> parse_packet_model(const std::vector<std::string>& words,
                                              std::string& error) {
  PacketModel model;
  for (const auto& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos ||
        !set_entry(model, word.substr(0, equals), word.substr(equals + 1))) {
      error = "no model of packets has '" + word + "'";
      return std::nullopt;
    }
  }
  return model;
}

std::int64_t draw_delay_ns(const PacketModel& model, Random& random) {
  if (model.jitter_ns == 0) return model.delay_ns;
  const auto jitter = static_cast<double>(model.jitter_ns);
  const double delay =
      static_cast<double>(model.delay_ns) + jitter * draw_deviation(model.distribution, random);
  const double most = 10 * (static_cast<double>(model.delay_ns) + jitter);
  return static_cast<std::int64_t>(std::clamp(delay, 0.0, most));
}

PacketFate PacketLine::next(Random& random) {
  PacketFate fate;
  if (model_.loss > 0) {
    // The chain's share of time in the bad state is loss; its mean stay there is burst.
    const double to_good = 1 / model_.burst;
    const double to_bad = model_.loss < 1 ? model_.loss * to_good / (1 - model_.loss) : 1;
    bad_ = model_.loss >= 1 || random.chance(bad_ ? 1 - to_good : std::min(to_bad, 1.0));
    fate.lost = bad_;
  }
  fate.corrupted = model_.corrupt > 0 && random.chance(model_.corrupt);
  fate.hold_ns = draw_delay_ns(model_, random);
  fate.ordered = model_.keep_order;
  if (model_.reorder > 0 && random.chance(model_.reorder)) {
    fate.hold_ns += model_.reorder_ns;
    fate.ordered = false;
  }
  return fate;
}

}  // namespace gauntlet::agent
