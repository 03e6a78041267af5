// Nodes belong to one run at a time: a lock file on each of them, whoever the controllers are.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "harness/control/cluster.hpp"
#include "harness/control/file_lock.hpp"
#include "harness/control/owner.hpp"

namespace gauntlet {

/// What to do about a node that is not reached: nothing may run without it, or the others are
/// locked (for clean-up).
enum class LostNodes { refuse, skip };

/// Holds all nodes of a cluster, or none. The lock file of a run of this machine that died is taken
/// over; that of another machine's cannot be told from a living one's and is respected.
class NodeLock {
 public:
  /// `conflict` names a node and who holds it, once `wait` is over. Waiting runs hold nothing, so
  /// they cannot block each other. The cluster must outlive the lock. Nodes that cannot run
  /// commands need no lock.
  static Result<NodeLock> acquire(const Cluster& cluster, const Owner& owner, const LockWait& wait,
                                  LostNodes lost = LostNodes::refuse);

  NodeLock(NodeLock&&) noexcept = default;
  NodeLock& operator=(NodeLock&&) = delete;
  ~NodeLock();  ///< gives the nodes back; a node that is lost keeps its file, which is stale then

  static constexpr const char* path = "/run/gauntlet.lock";

 private:
  NodeLock(std::vector<Node*> nodes, std::string text)
      : nodes_(std::move(nodes)), text_(std::move(text)) {}
  std::vector<Node*> nodes_;
  std::string text_;  ///< what the lock files hold
};

}  // namespace gauntlet
