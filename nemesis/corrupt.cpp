// Corrupt: a bit of what packets carry between nodes is flipped.
//
// With a correct checksum the receiver's kernel believes it, and the database gets damaged bytes:
// what happens on real networks about once in 16 million to 10 billion packets (Stone and
// Partridge, "When the CRC and TCP checksum disagree", 2000). With a wrong one the kernel drops the
// packet, which is a loss.
#include <fmt/format.h>

#include "nemesis/queue_fault.hpp"

namespace gauntlet {

namespace {

NumberParameter probability() {
  return {"probability", 0.01, 0.0001, 1, "how likely a packet is damaged"};
}
ChoiceParameter checksum() {
  return {"checksum", "correct", {"correct", "wrong"}, "what the checksum of a damaged packet is"};
}

class Corrupt : public QueueFault {
 public:
  std::string_view name() const override { return "corrupt"; }
  std::string_view description() const override {
    return "a bit is flipped in a share of the packets between nodes";
  }
  std::string_view proof() const override {
    return "packets that the agent changed or netem had, after pings";
  }
  std::string_view needs() const override {
    return "NET_ADMIN; iptables with NFQUEUE, or tc with netem for wrong checksums";
  }

 protected:
  std::string_view prefix() const override { return "gauntlet_corrupt_"; }
  std::vector<NumberParameter> numbers() const override { return {probability()}; }
  std::vector<ChoiceParameter> model_choices() const override { return {checksum()}; }
  int probe_pings(const Value& plan) const override {
    return pings_for(number_or_default(plan, probability()));
  }
  std::vector<std::string> model(const Value& plan) const override {
    const bool correct = text_from(plan, "checksum", "correct") == "correct";
    return {fmt::format("corrupt={}", number_or_default(plan, probability())),
            correct ? "correct_checksum=1" : "correct_checksum=0"};
  }
  std::optional<std::string> netem(const Value& plan) const override {
    // It never mends a checksum.
    if (text_from(plan, "checksum", "correct") == "correct") return std::nullopt;
    return fmt::format("corrupt {:.6f}%", 100 * number_or_default(plan, probability()));
  }
  std::string wording(const Value& plan) const override {
    return fmt::format("{}: a bit of packets is flipped with probability {}, checksum {}",
                       text_of_links(plan), number_or_default(plan, probability()),
                       text_from(plan, "checksum", "correct"));
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Corrupt);

}  // namespace gauntlet
