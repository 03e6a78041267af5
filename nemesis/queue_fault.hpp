// Faults on links that the kernel's netem makes where it has one, or else the agent's packet queue:
// a chain that hands packets over, and a model of what happens to them.
#pragma once

#include "nemesis/link_fault.hpp"
#include "nemesis/netem.hpp"

namespace gauntlet {

/// The listener's kernel queues what comes from the speakers, and its agent decides. Without an
/// agent the chain lets everything pass. It stands in the table raw, so that what passes still
/// meets the rules of other faults, and before connection tracking, which drops datagrams of a new
/// flow when several of them are held at once. netem (nemesis/netem.hpp) stands at the listener as
/// well; each node has one of the two, and which it is can be seen there.
class QueueFault : public LinkChainFault {
 public:
  std::optional<std::string> unsupported(const FaultContext& context) const override;
  Result<void> check(const Value& parameters, const std::vector<std::string>& nodes) const override;
  Result<std::string> residue(const FaultContext& context, Node& node) const override;
  Result<void> clear(const FaultContext& context, Node& node) const override;

 protected:
  virtual std::vector<ChoiceParameter> model_choices() const { return {}; }
  std::vector<ChoiceParameter> choices() const override;
  /// The same in the words of tc netem; nullopt where that cannot say it.
  virtual std::optional<std::string> netem(const Value& plan) const = 0;
  /// What netem did to packets, as far as it counts.
  virtual std::int64_t affected(const NetemCounters& counters) const { return counters.passed; }
  /// The model in the agent's words: "delay_ms=50". The plan is sound.
  virtual std::vector<std::string> model(const Value& plan) const = 0;
  /// Whether the plan needs the queue; if not, `plain_rule` stands in its place.
  virtual bool queues(const Value&) const { return true; }
  virtual std::string plain_rule(const Value&) const { return {}; }

  std::string_view table() const override { return "raw"; }
  std::string_view hook() const override { return "PREROUTING"; }
  std::string sample_rule() const override { return "-s 192.0.2.1 " + queue_words(); }
  std::string rule(const Value& plan, const std::string&) const override {
    return queues(plan) ? queue_words() : plain_rule(plan);
  }
  Result<RuleCounts> put_in(const FaultContext& context, const Value& plan,
                            Node& node) const override;
  Result<RuleCounts> count(const FaultContext& context, const Value& plan,
                           Node& node) const override;
  Result<RuleCounts> take_out(const FaultContext& context, const Value& plan,
                              Node& node) const override;

 private:
  static std::string queue_words();
  std::optional<std::string> no_queue(const FaultContext& context) const;
  Result<RuleCounts> run_netem(const Value& plan, Node& node,
                               std::string (*script)(const Netem&)) const;
};

}  // namespace gauntlet
