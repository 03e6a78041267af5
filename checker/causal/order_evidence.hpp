// From a cycle that an algorithm found to evidence: the derivation of its edges, its name, and the
// words.
//
// Cost: one breadth-first search, O(accesses + edges), for each forced edge that takes part.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checker/causal/accesses.hpp"
#include "checker/causal/derivation.hpp"
#include "checker/causal/order_graph.hpp"
#include "checker/causal/order_models.hpp"
#include "checker/causal/saturation.hpp"
#include "checker/causal/session_guarantees.hpp"
#include "checker/verdict.hpp"

namespace gauntlet::causal {

/// Derives cycles of one graph. The arguments outlive it.
class Deriving {
 public:
  /// `reasons` is empty where all forced edges are conflicts whose path is in causal order.
  Deriving(const Accesses& accesses, std::span<const ForcedEdge> edges,
           std::span<const ForcedBy> reasons, Effort& effort);

  /// Nothing if the effort is used up, which is looked at where many edges take part; or if some
  /// edge does not follow, which would be an error of the algorithm.
  std::optional<Derivation> derive(const std::vector<Hop>& cycle);
  PathSearch& paths() { return paths_; }

  /// A read of `write` that comes after `from` by session order and reads-from, for an edge of an
  /// own making. Empty if there is none.
  std::vector<Hop> path_to_reader(AccessId from, AccessId write);

 private:
  std::optional<std::map<std::uint32_t, std::vector<Hop>>> forced_in(const std::vector<Hop>& cycle);
  EdgeRule rule_of(std::uint32_t position) const;
  std::vector<Hop> reason_of(std::uint32_t position);
  void add_forced(std::uint32_t position, const std::vector<Hop>& hops);
  std::vector<std::uint32_t> add_path(const std::vector<Hop>& hops);
  std::uint32_t add_plain(const Hop& hop);
  EventIndex event(AccessId id) const { return accesses_[id].invocation; }

  const Accesses& accesses_;
  std::span<const ForcedEdge> edges_;
  std::span<const ForcedBy> reasons_;
  Effort& effort_;
  PathSearch paths_;
  Derivation derivation_;
  std::map<std::pair<AccessId, AccessId>, std::uint32_t> plain_;  // positions of plain edges
  std::map<std::uint32_t, std::uint32_t> derived_;                // and of forced ones
};

/// The derivation of steps that lead in a circle, or to an initial value.
Derivation derivation_of(const Accesses& accesses, const std::vector<VersionStep>& steps);

/// The name of the bad pattern that a derivation shows. `of_view`: it is about one session's view
/// (CM, PRAM).
std::string pattern_name(const Derivation& derivation, bool of_view);

/// The anomaly in words, not yet verified. Derivations of many edges are cut.
Anomaly anomaly_of(const History& history, const Derivation& derivation, std::string name);

/// "process 3 wrote 5 (operation 17)".
std::string describe_access(const History& history, EventIndex invocation);

}  // namespace gauntlet::causal
