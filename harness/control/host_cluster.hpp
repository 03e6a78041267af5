// Clusters of machines that the user names, reached over SSH exactly as containers are.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "harness/control/cluster.hpp"
#include "harness/control/command_log.hpp"
#include "harness/control/host_spec.hpp"

namespace gauntlet {

struct HostClusterOptions {
  std::vector<HostSpec> hosts;
  std::string default_user{};   ///< for hosts that say none; empty: who runs this program
  std::string identity_file{};  ///< a private key; empty: the usual ones in ~/.ssh
  bool agent = true;            ///< try the keys of ssh-agent
  std::string password{};       ///< tried last; empty: none
  std::string sudo_password{};  ///< empty: sudo must need none
  /// Keys by which hosts identify themselves; empty: ~/.ssh/known_hosts and the system's. A host
  /// that is not in there is refused.
  std::string known_hosts_file{};
  std::size_t sessions_max = 4;  ///< commands at once on a node
  /// Log in to all hosts at once and fail if one of them cannot be. Otherwise each is logged in to
  /// by its first command: for clean-up, when some may be down.
  bool check = true;
  std::chrono::milliseconds timeout{30'000};
  const std::atomic<bool>* stop = nullptr;  ///< calls it off; owned by the caller
  std::shared_ptr<CommandLog> log{};        ///< may be null
};

/// A cluster of these hosts. The error is that of the first host that fails: not reached, key
/// unknown or changed, login refused, with what to do. Nodes are called as their hosts ("host:port"
/// where a host is named more than once). `usage` for a host and port named twice.
Result<std::unique_ptr<Cluster>> connect_hosts(const HostClusterOptions& options);

}  // namespace gauntlet
