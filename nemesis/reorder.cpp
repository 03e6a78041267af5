// Reorder: some packets between nodes arrive after later ones.
//
// A share of them is held for a while, and the others pass at once.
#include <fmt/format.h>

#include "nemesis/queue_fault.hpp"

namespace gauntlet {

namespace {

NumberParameter probability() {
  return {"probability", 0.25, 0.001, 1, "how likely a packet is held"};
}
NumberParameter hold() {
  return {"hold_ms", 10, 0.1, 60'000, "for how many milliseconds"};
}

class Reorder : public QueueFault {
 public:
  std::string_view name() const override { return "reorder"; }
  std::string_view description() const override {
    return "a share of the packets between nodes arrives after later ones";
  }
  std::string_view proof() const override {
    return "packets that the agent changed or netem had, after pings";
  }
  std::string_view needs() const override {
    return "NET_ADMIN; tc with netem, or iptables with NFQUEUE";
  }

 protected:
  std::string_view prefix() const override { return "gauntlet_reorder_"; }
  std::vector<NumberParameter> numbers() const override { return {probability(), hold()}; }
  int probe_pings(const Value& plan) const override {
    return pings_for(number_or_default(plan, probability()));
  }
  std::vector<std::string> model(const Value& plan) const override {
    return {fmt::format("reorder={}", number_or_default(plan, probability())),
            fmt::format("reorder_ms={}", number_or_default(plan, hold()))};
  }
  std::optional<std::string> netem(const Value& plan) const override {
    const double at_once = 1 - number_or_default(plan, probability());
    std::string words = fmt::format("delay {}ms", number_or_default(plan, hold()));
    return at_once == 0 ? words : words + fmt::format(" reorder {:.6f}%", 100 * at_once);
  }
  std::string wording(const Value& plan) const override {
    return fmt::format("{}: packets are held for {} ms with probability {}", text_of_links(plan),
                       number_or_default(plan, hold()), number_or_default(plan, probability()));
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Reorder);

}  // namespace gauntlet
