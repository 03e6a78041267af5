// Loss: a share of the packets between nodes does not arrive.
//
// The listener drops them, at random and independently of each other, so the sender's kernel sees
// what it would see on a bad line: acknowledgements that are missing, and retransmissions.
#include <fmt/format.h>

#include "nemesis/link_fault.hpp"

namespace gauntlet {

namespace {

NumberParameter probability() {
  return {"probability", 0.1, 0.0001, 1, "how likely a packet is lost"};
}

class Loss : public LinkChainFault {
 public:
  std::string_view name() const override { return "loss"; }
  std::string_view proof() const override { return "counters of its rules, after pings"; }
  std::string_view needs() const override { return "NET_ADMIN; iptables with statistic"; }
  std::string_view description() const override {
    return "a share of the packets between nodes is lost";
  }

 protected:
  std::vector<NumberParameter> numbers() const override { return {probability()}; }
  std::string_view prefix() const override { return "gauntlet_loss_"; }
  std::string sample_rule() const override {
    return "-s 192.0.2.1 -m statistic --mode random --probability 0.5 -j DROP";
  }
  std::string rule(const Value& plan, const std::string&) const override {
    return fmt::format("-m statistic --mode random --probability {:.6f} -j DROP",
                       number_or_default(plan, probability()));
  }
  int probe_pings(const Value& plan) const override {
    return pings_for(number_or_default(plan, probability()));
  }
  std::string wording(const Value& plan) const override {
    return fmt::format("{}: packets are lost with probability {}", text_of_links(plan),
                       number_or_default(plan, probability()));
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Loss);

}  // namespace gauntlet
