// Loss: a share of the packets between nodes does not arrive.
//
// The listener drops them, so the sender's kernel sees what it would see on a bad line:
// acknowledgements that are missing, and retransmissions. Alone, independently of each other, the
// kernel does it; in bursts, as a line that is good or bad for a while (Gilbert, "Capacity of a
// burst-noise channel", 1960; Elliott 1963), the agent's queue does.
#include <fmt/format.h>

#include "nemesis/queue_fault.hpp"

namespace gauntlet {

namespace {

NumberParameter probability() {
  return {"probability", 0.1, 0.0001, 1, "how likely a packet is lost"};
}
NumberParameter burst() {
  return {"burst", 1, 1, 10'000,
          "the mean number of packets that are lost one after the other; 1: each alone"};
}

class Loss : public QueueFault {
 public:
  std::string_view name() const override { return "loss"; }
  std::string_view proof() const override {
    return "counters of its rules or of netem, after pings";
  }
  std::string_view needs() const override {
    return "NET_ADMIN; iptables with statistic; for bursts tc with netem, or NFQUEUE";
  }
  std::string_view description() const override {
    return "a share of the packets between nodes is lost, alone or in bursts";
  }
  /// Without bursts the kernel alone does it.
  std::optional<std::string> unsupported(const FaultContext& context) const override {
    return LinkChainFault::unsupported(context);
  }

 protected:
  std::vector<NumberParameter> numbers() const override { return {probability(), burst()}; }
  std::string_view prefix() const override { return "gauntlet_loss_"; }
  std::string sample_rule() const override {
    return "-s 192.0.2.1 -m statistic --mode random --probability 0.5 -j DROP";
  }
  bool queues(const Value& plan) const override { return number_or_default(plan, burst()) > 1; }
  std::string plain_rule(const Value& plan) const override {
    return fmt::format("-m statistic --mode random --probability {:.6f} -j DROP",
                       number_or_default(plan, probability()));
  }
  std::vector<std::string> model(const Value& plan) const override {
    return {fmt::format("loss={}", number_or_default(plan, probability())),
            fmt::format("burst={}", number_or_default(plan, burst()))};
  }
  std::optional<std::string> netem(const Value& plan) const override {
    const double share = number_or_default(plan, probability());
    const double mean = number_or_default(plan, burst());
    if (mean <= 1 || share == 1) return fmt::format("loss random {:.6f}%", 100 * share);
    // From good to bad and back, so that a burst lasts `mean` packets and the share comes out.
    const double back = 1 / mean;
    const double into = back * share / (1 - share);
    if (into > 1) return std::nullopt;
    return fmt::format("loss gemodel {:.6f}% {:.6f}%", 100 * into, 100 * back);
  }
  std::int64_t affected(const NetemCounters& counters) const override { return counters.lost; }
  int probe_pings(const Value& plan) const override {
    return pings_for(number_or_default(plan, probability()));
  }
  std::string wording(const Value& plan) const override {
    std::string text = fmt::format("{}: packets are lost with probability {}", text_of_links(plan),
                                   number_or_default(plan, probability()));
    if (queues(plan)) text += fmt::format(", {} in a row", number_or_default(plan, burst()));
    return text;
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Loss);

}  // namespace gauntlet
