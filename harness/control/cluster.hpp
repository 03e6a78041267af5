// A cluster: the nodes of a test, wherever they come from.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "harness/control/machines.hpp"
#include "harness/control/node.hpp"

namespace gauntlet {

/// Owns its nodes. Thread-safe once it is up. An embedded database runs on a cluster whose nodes
/// have names but cannot run commands (see `reachable`).
class Cluster {
 public:
  virtual ~Cluster() = default;
  virtual std::string_view provider() const = 0;  ///< "docker", "hosts", "embedded"
  virtual std::vector<Node*> nodes() const = 0;   ///< in the order given, never empty
  /// Whether commands can be run on the nodes (so that faults can be injected).
  virtual bool reachable() const { return true; }
  /// The controller's address as the nodes see it; never to be cut off. Empty where unknown.
  virtual std::string controller_address() const { return {}; }
  /// The nodes' machines, to be paused and restarted from outside; owned by the cluster. nullptr
  /// where the provider cannot: hosts that a user named are not ours to turn off.
  virtual Machines* machines() const { return nullptr; }

  Node* find(std::string_view name) const;
};

/// Runs `action` on every node of `nodes` at once (a thread each, at most 32), waits for all, and
/// returns the results in order.
template <class T>
std::vector<Result<T>> on_each(const std::vector<Node*>& nodes,
                               const std::function<Result<T>(Node&)>& action);

/// The first failure of several, with the node's name in front; success if there is none.
Result<void> all_of(const std::vector<Node*>& nodes, const std::vector<Result<void>>& results);

}  // namespace gauntlet

#include "harness/control/on_each.hpp"
