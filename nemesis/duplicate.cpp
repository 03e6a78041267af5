// Duplicate: packets between nodes arrive twice.
//
// The sender's kernel sends a second copy of what it sends. TCP hides it; what is built on
// datagrams sees every message twice, and a middle box that counts is confused.
#include <fmt/format.h>

#include "nemesis/link_fault.hpp"

namespace gauntlet {

namespace {

NumberParameter probability() {
  return {"probability", 0.5, 0.0001, 1, "how likely a packet is sent twice"};
}

class Duplicate : public LinkChainFault {
 public:
  std::string_view name() const override { return "duplicate"; }
  std::string_view proof() const override { return "counters of its rules, after pings"; }
  std::string_view needs() const override { return "NET_ADMIN; iptables with statistic and TEE"; }
  std::string_view description() const override {
    return "a share of the packets between nodes arrives twice";
  }

 protected:
  std::vector<NumberParameter> numbers() const override { return {probability()}; }
  std::string_view prefix() const override { return "gauntlet_duplicate_"; }
  std::string_view table() const override { return "mangle"; }
  bool at_sender() const override { return true; }
  std::string sample_rule() const override {
    return "-d 192.0.2.1 -m statistic --mode random --probability 0.5 -j TEE --gateway 192.0.2.1";
  }
  std::string rule(const Value& plan, const std::string& address) const override {
    return fmt::format("-m statistic --mode random --probability {:.6f} -j TEE --gateway {}",
                       number_or_default(plan, probability()), address);
  }
  int probe_pings(const Value& plan) const override {
    return pings_for(number_or_default(plan, probability()));
  }
  std::string wording(const Value& plan) const override {
    return fmt::format("{}: packets are sent twice with probability {}", text_of_links(plan),
                       number_or_default(plan, probability()));
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Duplicate);

}  // namespace gauntlet
