// What faults on the network share: something of theirs on each node concerned, which counts the
// packets that it changed, so that an injection can be proven and a heal can tell.
#pragma once

#include "nemesis/fault.hpp"
#include "nemesis/node_names.hpp"

namespace gauntlet {

/// What one node says of a fault.
struct RuleCounts {
  std::int64_t rules = 0;     ///< in place, or taken out just now
  std::int64_t affected = 0;  ///< packets (or connections) that were changed so far
  bool by_netem = false;      ///< the kernel's own emulation does it there
};

/// Puts in, probes, counts and takes out, on all nodes concerned at once.
class CountedFault : public Fault {
 public:
  std::vector<std::string_view> packages() const override { return {"network"}; }
  FaultOutcome inject(const FaultContext& context, const Value& plan) const override;
  FaultOutcome heal(const FaultContext& context, const Value& plan) const override;

 protected:
  /// The nodes where the plan puts something. Fails for a plan that is not sound, so that what
  /// follows may rely on it.
  virtual Result<NodeNames> concerned(const Value& plan) const = 0;
  /// Each is one step on one node; runs on several nodes at once. Idempotent.
  virtual Result<RuleCounts> put_in(const FaultContext& context, const Value& plan,
                                    Node& node) const = 0;
  virtual Result<RuleCounts> count(const FaultContext& context, const Value& plan,
                                   Node& node) const = 0;
  virtual Result<RuleCounts> take_out(const FaultContext& context, const Value& plan,
                                      Node& node) const = 0;
  /// Makes packets that the fault should change.
  virtual void probe(const FaultContext& context, const Value& plan) const = 0;
  /// "n1 > n2: packets are lost with probability 0.1"
  virtual std::string wording(const Value& plan) const = 0;
  /// What is counted as affected.
  virtual std::string affected_noun() const { return "packet"; }
  /// After the proof; for a fault that ends by itself.
  virtual void linger(const FaultContext&, const Value&) const {}
};

/// What a residue script printed, on one line and bounded.
std::string residue_text(std::string printed);

/// Runs a script on every node: why the first that says no cannot take a fault. A node that does
/// not answer now may come back.
std::optional<std::string> refusal_of(const Cluster& cluster, const std::string& label,
                                      const std::string& script);

}  // namespace gauntlet
