// Clusters of containers on this machine's Docker: nodes n1 to nN with sshd, on a network of their
// own from which nothing leaves the machine.
//
// A cluster outlives the process that made it, so that the next one finds it up; it is known by the
// labels of its containers. It is used by one process at a time, under a file lock that holds for
// as long as the Cluster object lives.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "harness/control/cluster.hpp"
#include "harness/control/command_log.hpp"
#include "harness/control/file_lock.hpp"

namespace gauntlet {

struct DockerClusterOptions {
  std::string name = "default";  ///< a-z, 0-9 and '-', at most 32
  int nodes = 5;                 ///< 1 to 100
  std::string image{};           ///< empty: default_node_image()
  /// IPv4, e.g. "10.213.7.0/24"; empty: the first /24 in 10.213.0.0/16 that nothing here uses. The
  /// controller is the first address, nodes follow from the eleventh on.
  std::string subnet{};
  std::size_t memory_bytes_max = std::size_t{2} << 30;  ///< a node, without swap
  int processes_max = 8192;                             ///< a node, threads included
  std::vector<std::string> environment{};               ///< "NAME=value", for the containers

  bool reuse = true;          ///< take a healthy cluster of the same make as it is
  std::string run = "a run";  ///< who uses it, for those who are refused meanwhile
  LockWait wait{};            ///< for a cluster that is in use
  std::chrono::milliseconds timeout{60'000};
  const std::atomic<bool>* stop = nullptr;  ///< calls it off; owned by the caller
  std::shared_ptr<CommandLog> log{};        ///< of what is run on the nodes; may be null
};

/// Brings a cluster up and logs in to its nodes, or takes one that is up already. What is up but of
/// another make, or does not answer, is made anew. A failure removes what was made. `conflict` when
/// another process uses it or the subnet is taken, `resource` when Docker or the image is missing.
Result<std::unique_ptr<Cluster>> docker_up(const DockerClusterOptions& options);

/// The cluster of that name as it is, whatever its make; its nodes may be down. `usage` if there is
/// none, `conflict` if another process uses it. Of `options`: name, run, wait, stop, log.
Result<std::unique_ptr<Cluster>> docker_attach(const DockerClusterOptions& options);

/// Removes containers, network and state of a cluster; success if there is none. `conflict` if a
/// process uses it.
Result<void> docker_down(const std::string& name, const LockWait& wait = {});

struct DockerNodeStatus {
  std::string cluster;
  std::string node;       ///< "n1"
  std::string container;  ///< the container's name
  std::string address;
  std::string image;
  std::string state;  ///< Docker's: "running", "exited", "paused", ...
};

/// All nodes of all clusters of gauntlet, ordered by cluster and node.
Result<std::vector<DockerNodeStatus>> docker_status();

/// The command line with which a person logs in to a node. `usage` if there is no such node.
Result<std::vector<std::string>> docker_ssh_command(const std::string& cluster,
                                                    const std::string& node);

/// The container of a node, for `docker kill` and the like.
std::string docker_container(const std::string& cluster, const std::string& node);

}  // namespace gauntlet
