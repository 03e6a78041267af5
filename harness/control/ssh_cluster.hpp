// Nodes behind SSH as a cluster.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/control/cluster.hpp"
#include "harness/control/file_lock.hpp"
#include "harness/control/ssh_node.hpp"

namespace gauntlet {

class SshCluster : public Cluster {
 public:
  SshCluster(std::string provider, std::vector<SshNodeOptions> nodes);

  std::string_view provider() const override { return provider_; }
  std::vector<Node*> nodes() const override;
  std::string controller_address() const override { return controller_address_; }

  Machines* machines() const override { return machines_.get(); }

  void set_machines(std::unique_ptr<Machines> machines) { machines_ = std::move(machines); }
  void set_controller_address(std::string address) { controller_address_ = std::move(address); }
  /// Keeps a lock for as long as the cluster is in use.
  void hold(FileLock lock) { lock_.emplace(std::move(lock)); }

  /// Logs in to every node, all at once, and answers our address as each node sees it (empty where
  /// it does not say). While a node is not reached it tries again until the deadline (`patient`),
  /// or not.
  Result<std::vector<std::string>> check(Deadline deadline, bool patient,
                                         const std::atomic<bool>* stop = nullptr) const;

 private:
  const std::string provider_;
  std::string controller_address_;
  std::unique_ptr<Machines> machines_;  ///< may be null
  std::optional<FileLock> lock_;
  std::vector<std::unique_ptr<SshNode>> nodes_;
};

}  // namespace gauntlet
