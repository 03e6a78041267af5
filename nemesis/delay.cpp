// Delay: packets between nodes take longer, by a fixed time or one drawn for each.
//
// The listener holds them, so the sender's kernel sees a long line, not a slow interface: its
// windows open and one connection still carries hundreds of Mbit/s.
#include <fmt/format.h>

#include "nemesis/queue_fault.hpp"

namespace gauntlet {

namespace {

NumberParameter delay() {
  return {"delay_ms", 50, 0, 60'000, "the mean delay each way in milliseconds"};
}
NumberParameter jitter() {
  return {"jitter_ms", 0, 0, 60'000,
          "its standard deviation in milliseconds (uniform: the greatest deviation)"};
}
ChoiceParameter distribution() {
  return {"distribution", "normal", {"uniform", "normal", "pareto"}, "of the jitter"};
}
ChoiceParameter order() {
  return {"order",
          "kept",
          {"kept", "free"},
          "whether a packet may overtake an earlier one of the same sender"};
}

class Delay : public QueueFault {
 public:
  std::string_view name() const override { return "delay"; }
  std::string_view description() const override {
    return "packets between nodes take longer, with or without jitter";
  }
  std::string_view proof() const override {
    return "packets that netem or the agent changed, after pings";
  }
  std::string_view needs() const override {
    return "NET_ADMIN; tc with netem, or iptables with NFQUEUE";
  }

 protected:
  std::string_view prefix() const override { return "gauntlet_delay_"; }
  std::vector<NumberParameter> numbers() const override { return {delay(), jitter()}; }
  std::vector<ChoiceParameter> model_choices() const override { return {distribution(), order()}; }
  int probe_pings(const Value&) const override { return 3; }
  std::vector<std::string> model(const Value& plan) const override {
    return {fmt::format("delay_ms={}", number_or_default(plan, delay())),
            fmt::format("jitter_ms={}", number_or_default(plan, jitter())),
            "distribution=" + text_from(plan, "distribution", "normal"),
            text_from(plan, "order", "kept") == "kept" ? "keep_order=1" : "keep_order=0"};
  }
  std::optional<std::string> netem(const Value& plan) const override {
    const double jitter_ms = number_or_default(plan, jitter());
    std::string words = fmt::format("delay {}ms", number_or_default(plan, delay()));
    if (jitter_ms == 0) return words;
    // netem sends packets when their time comes, whatever their order was.
    if (text_from(plan, "order", "kept") == "kept") return std::nullopt;
    const std::string shape = text_from(plan, "distribution", "normal");
    return words +
           fmt::format(" {}ms{}", jitter_ms, shape == "uniform" ? "" : " distribution " + shape);
  }
  std::string wording(const Value& plan) const override {
    return fmt::format("{}: packets take {} ms longer, give or take {}", text_of_links(plan),
                       number_or_default(plan, delay()), number_or_default(plan, jitter()));
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Delay);

}  // namespace gauntlet
