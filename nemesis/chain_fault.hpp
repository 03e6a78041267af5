// Faults that are a chain of packet rules on each node concerned.
#pragma once

#include <map>

#include "nemesis/chain.hpp"
#include "nemesis/counted_fault.hpp"

namespace gauntlet {

/// The three steps for one chain on one node. A rule counts as one that changes packets if its
/// target is neither absent nor RETURN.
Result<RuleCounts> put_in_chain(Node& node, const Chain& chain);
Result<RuleCounts> count_chain(Node& node, const Chain& chain);
Result<RuleCounts> take_out_chain(Node& node, const Chain& chain);

/// What every fault of chains does about a table, with names that begin with `prefix`.
std::optional<std::string> chain_refusal(const FaultContext& context, std::string_view table,
                                         std::string_view prefix, std::string_view sample_rule);
Result<std::string> chain_residue(Node& node, std::string_view table, std::string_view prefix);
Result<void> clear_chains(Node& node, std::string_view table, std::string_view prefix);

/// A fault that is the chains in the table "filter" that its plan comes to.
class ChainFault : public CountedFault {
 public:
  std::optional<std::string> unsupported(const FaultContext& context) const override {
    return chain_refusal(context, "filter", prefix(), sample_rule());
  }
  Result<std::string> residue(const FaultContext&, Node& node) const override {
    return chain_residue(node, "filter", prefix());
  }
  Result<void> clear(const FaultContext&, Node& node) const override {
    return clear_chains(node, "filter", prefix());
  }

 protected:
  using Chains = std::map<std::string, Chain>;

  virtual std::string_view prefix() const = 0;  ///< of the chains' names
  /// A rule of the kind that it needs, about an address that nobody has.
  virtual std::string sample_rule() const = 0;
  /// The chain of each node, by node name. Fails for a plan that is not sound.
  virtual Result<Chains> chains(const Value& plan) const = 0;

  Result<NodeNames> concerned(const Value& plan) const override {
    const auto all = chains(plan);
    if (!all) return all.error();
    NodeNames names;
    for (const auto& [name, chain] : *all)
      names.push_back(name);
    return names;
  }
  Result<RuleCounts> put_in(const FaultContext&, const Value& plan, Node& node) const override {
    return put_in_chain(node, chains(plan)->at(node.name()));
  }
  Result<RuleCounts> count(const FaultContext&, const Value& plan, Node& node) const override {
    return count_chain(node, chains(plan)->at(node.name()));
  }
  Result<RuleCounts> take_out(const FaultContext&, const Value& plan, Node& node) const override {
    return take_out_chain(node, chains(plan)->at(node.name()));
  }
};

}  // namespace gauntlet
