// Faults on links: between nodes, per peer and per direction, with parameters that are numbers or
// words.
#pragma once

#include <functional>

#include "nemesis/chain_fault.hpp"
#include "nemesis/links.hpp"
#include "nemesis/typed_parameter.hpp"

namespace gauntlet {

/// A counted fault that stands at one end of each link. Its plan holds links, numbers, words
/// and a name.
class LinkFault : public CountedFault {
 public:
  std::vector<FaultParameter> parameters() const override;
  Result<void> check(const Value& parameters, const std::vector<std::string>& nodes) const override;
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override;
  Value decided(const Value& given, const Value& plan) const override;

 protected:
  virtual std::string_view prefix() const = 0;  ///< of the name
  virtual std::vector<NumberParameter> numbers() const = 0;
  virtual std::vector<ChoiceParameter> choices() const { return {}; }
  /// Whether it stands where packets are sent, or where they come in. The latter is honest about
  /// what was sent.
  virtual bool at_sender() const { return false; }
  /// Pings each link so often to prove itself.
  virtual int probe_pings(const Value&) const { return 1; }

  Result<NodeNames> concerned(const Value& plan) const override;
  void probe(const FaultContext& context, const Value& plan) const override;
  /// The addresses at the other ends of a node's links. The plan is sound.
  std::vector<std::string> other_ends(const Value& plan, const std::string& node) const;
  /// "n1 > n2, n2 ~ n3"
  static std::string text_of_links(const Value& plan);
};

/// A link fault that is one rule of iptables for each address at another end: `-d` at the sender,
/// `-s` else.
class LinkChainFault : public LinkFault {
 public:
  std::optional<std::string> unsupported(const FaultContext& context) const override;
  Result<std::string> residue(const FaultContext&, Node& node) const override {
    return chain_residue(node, table(), prefix());
  }
  Result<void> clear(const FaultContext&, Node& node) const override {
    return clear_chains(node, table(), prefix());
  }

 protected:
  virtual std::string_view table() const { return "filter"; }
  virtual std::string_view hook() const { return at_sender() ? "OUTPUT" : "INPUT"; }
  /// What follows the address in a rule. The plan is sound.
  virtual std::string rule(const Value& plan, const std::string& address) const = 0;
  virtual std::string sample_rule() const = 0;  ///< about an address that nobody has

  Result<RuleCounts> put_in(const FaultContext&, const Value& plan, Node& node) const override {
    return put_in_chain(node, chain_of(plan, node));
  }
  Result<RuleCounts> count(const FaultContext&, const Value& plan, Node& node) const override {
    return count_chain(node, chain_of(plan, node));
  }
  Result<RuleCounts> take_out(const FaultContext&, const Value& plan, Node& node) const override {
    return take_out_chain(node, chain_of(plan, node));
  }

 private:
  Chain chain_of(const Value& plan, const Node& node) const;
};

/// How many pings show an effect that one has with this probability, with few exceptions.
int pings_for(double probability);

/// Runs a script at each speaker of `links`, for each of its listeners: `words(address)`, in the
/// background, all at once; waits for them. What they print is dropped.
void probe_links(const Cluster& cluster, const Links& links,
                 const std::function<std::string(const std::string& address)>& words);

}  // namespace gauntlet
