// The contract of a fault: prepared, written to the ledger, injected, observed, healed.
//
// One file in nemesis/ a fault, registered on its last line:
//   GAUNTLET_REGISTER(Fault, Partition);
// The order is what makes "never leave a mess" true: `prepare` decides everything (targets, pids,
// rules) without touching a node; the result goes to the fault ledger and to disk; only then does
// `inject` act. So a fresh process that reads the ledger can heal whatever may have been injected.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "base/registry.hpp"
#include "harness/control/cluster.hpp"
#include "harness/run/database.hpp"
#include "history/value.hpp"

namespace gauntlet {

class AgentLinks;

/// What faults act upon. Not owned. `database` may be stopped or broken at any time. Without
/// `agents` faults that need the program on the node cannot be injected, but healed.
struct FaultContext {
  Cluster* cluster = nullptr;
  Database* database = nullptr;
  AgentLinks* agents = nullptr;
  /// Nodes whose database other faults keep dead: no heal starts it there.
  std::vector<std::string> kept_dead = {};
};

struct FaultParameter {
  std::string name;
  std::string default_value;
  std::string description;  ///< with unit and range or choices
};

/// What came of an injection or a heal on the nodes. `took_effect` is read back from the nodes (a
/// counter, a process state), never assumed: of an injection, that some target is affected; of a
/// heal, that no target is affected any more.
struct FaultOutcome {
  bool took_effect = false;
  std::string evidence;  ///< one line: "3 nodes drop packets of 2 others (12 counted)"
  std::string skipped;   ///< why it could not be applied; empty otherwise
};

/// Stateless: everything that heal needs is in the prepared plan. `inject` and `heal` are
/// idempotent.
class Fault {
 public:
  virtual ~Fault() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;
  virtual std::vector<FaultParameter> parameters() const { return {}; }
  /// The packages that it comes with, of package_names(): one or more, without "all".
  virtual std::vector<std::string_view> packages() const { return {}; }
  /// What shows that it took effect, in a few words for the table of faults.
  virtual std::string_view proof() const { return ""; }
  /// What it needs of a node or a database: capabilities, devices, tools. Empty: nothing special.
  virtual std::string_view needs() const { return ""; }
  /// Whether the values make sense on nodes of these names (empty: not known yet); a usage error
  /// says which does not. `parameters` is a map that holds names of parameters() only.
  virtual Result<void> check(const Value& parameters, const std::vector<std::string>& nodes) const {
    (void)parameters, (void)nodes;
    return {};
  }
  /// Whether nodes may be out of reach while it is in place. It is healed before others, whose
  /// heals run commands there.
  virtual bool takes_nodes_away() const { return false; }
  /// The nodes where the database is dead while it is in place. Of several faults that say so of a
  /// node, the last one that is healed starts it.
  virtual std::vector<std::string> keeps_dead(const Value& plan) const {
    (void)plan;
    return {};
  }
  /// Why this cluster and database cannot take it; nullopt if they can. May probe the nodes.
  virtual std::optional<std::string> unsupported(const FaultContext& context) const = 0;

  /// Chooses targets and details, randomly where the parameters leave it open. Reads from nodes
  /// only. The answer is a map that has at least "targets", a list of node names.
  virtual Result<Value> prepare(const FaultContext& context, const Value& parameters,
                                Random& random) const = 0;
  /// Parameters with which `prepare` decides again what `plan` holds, where parameters can say it;
  /// `given` are those that it was prepared with. By default each parameter takes the plan's entry
  /// of its name; an override for what the plan holds under another.
  virtual Value decided(const Value& given, const Value& plan) const;
  virtual FaultOutcome inject(const FaultContext& context, const Value& plan) const = 0;
  virtual FaultOutcome heal(const FaultContext& context, const Value& plan) const = 0;
  /// Whether anything of this fault, injected by whomever, is still on `node`: for `gauntlet heal`
  /// and for tests. Text of what was found; empty if nothing.
  virtual Result<std::string> residue(const FaultContext& context, Node& node) const = 0;
  /// Removes all that `residue` would find on `node`, without a plan. Idempotent.
  virtual Result<void> clear(const FaultContext& context, Node& node) const = 0;
};

using FaultRegistry = Registry<Fault>;

/// "standard", "network", "crash", "clock", "disk", "resource", "all".
const std::vector<std::string>& package_names();

/// The registered faults of a package, in the registry's order; all of them for "all".
std::vector<const Fault*> faults_of_package(std::string_view package);

}  // namespace gauntlet
