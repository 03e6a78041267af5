// Faults on links that the agent's packet queue makes: a chain that hands packets over, and a model
// of what happens to them.
#pragma once

#include "nemesis/link_fault.hpp"

namespace gauntlet {

/// The listener's kernel queues what comes from the speakers, and its agent decides. Without an
/// agent the chain lets everything pass. It stands in the table raw, so that what passes still
/// meets the rules of other faults, and before connection tracking, which drops datagrams of a new
/// flow when several of them are held at once.
class QueueFault : public LinkChainFault {
 public:
  std::optional<std::string> unsupported(const FaultContext& context) const override;

 protected:
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
};

}  // namespace gauntlet
