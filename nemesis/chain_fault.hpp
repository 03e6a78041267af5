// What faults made of packet rules share: a chain on each node concerned, proven by its counters.
#pragma once

#include <functional>
#include <map>

#include "nemesis/chain.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/links.hpp"
#include "nemesis/number_parameter.hpp"

namespace gauntlet {

/// A fault that is the chains its plan comes to. What it has in its plan under "name" names them.
class ChainFault : public Fault {
 public:
  std::optional<std::string> unsupported(const FaultContext& context) const override;
  FaultOutcome inject(const FaultContext& context, const Value& plan) const override;
  FaultOutcome heal(const FaultContext& context, const Value& plan) const override;
  Result<std::string> residue(const FaultContext& context, Node& node) const override;
  Result<void> clear(const FaultContext& context, Node& node) const override;

 protected:
  virtual std::string_view prefix() const = 0;  ///< of the chains' names
  virtual std::string_view table() const { return "filter"; }
  /// A rule of the kind that it needs, about an address that nobody has: whether a kernel takes it.
  virtual std::string sample_rule() const = 0;
  /// The chain of each node, by node name. Fails for a plan that is not sound.
  virtual Result<std::map<std::string, Chain>> chains(const Value& plan) const = 0;
  /// Whether packets that such a rule counts are those that the fault changes.
  virtual bool affects(const ChainCounter& counter) const {
    return !counter.target.empty() && counter.target != "RETURN";
  }
  /// Makes packets that the rules should meet; called while some chain has affected none.
  virtual void probe(const FaultContext& context, const Value& plan) const = 0;
  /// "n1 > n2: 10 % of packets are lost"
  virtual std::string wording(const Value& plan) const = 0;
  /// After the proof; for a fault that ends by itself.
  virtual void linger(const FaultContext&, const Value&) const {}
};

/// A chain fault on links: each node at one end of some has rules for the other ends.
class LinkFault : public ChainFault {
 public:
  std::vector<FaultParameter> parameters() const override;
  Result<void> check(const Value& parameters, const std::vector<std::string>& nodes) const override;
  std::optional<std::string> unsupported(const FaultContext& context) const override;
  /// The plan: links, numbers and name.
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override;

 protected:
  virtual std::vector<NumberParameter> numbers() const = 0;
  /// Whether rules stand where packets are sent (`-d` on OUTPUT) or where they come in (`-s` on
  /// INPUT). The latter is honest about what was sent.
  virtual bool at_sender() const { return false; }
  /// What follows the address in the rule of a link. The plan's numbers are in range.
  virtual std::string rule(const Value& plan, const std::string& address) const = 0;
  Result<std::map<std::string, Chain>> chains(const Value& plan) const override;
  /// Pings each link so often.
  virtual int probe_pings(const Value&) const { return 1; }
  void probe(const FaultContext& context, const Value& plan) const override;
  /// "n1 > n2, n2 ~ n3"
  static std::string text_of_links(const Value& plan);
};

/// Runs a script at each speaker of `links`, for each of its listeners: `words(address)`, in the
/// background, all at once; waits for them. What they print is dropped.
void probe_links(const Cluster& cluster, const Links& links,
                 const std::function<std::string(const std::string& address)>& words);

}  // namespace gauntlet
