// Real nodes for a test: a cluster of containers of its own, taken down whatever happens.
#pragma once

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>

#include "harness/control/docker_client.hpp"
#include "harness/control/docker_cluster.hpp"
#include "tests/result_printing.hpp"

namespace gauntlet {

/// A name that no other test process uses.
inline std::string test_cluster_name(const std::string& tag) {
  return "test-" + tag + "-" + std::to_string(getpid());
}

/// Takes down what tests left that were killed: clusters named after processes that are gone.
inline void sweep_test_clusters() {
  const auto nodes = docker_status();
  if (!nodes) return;
  std::set<std::string> left;
  for (const auto& node : *nodes) {
    if (node.cluster.rfind("test-", 0) != 0) continue;
    const int pid = std::atoi(node.cluster.c_str() + node.cluster.rfind('-') + 1);
    if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) left.insert(node.cluster);
  }
  for (const std::string& cluster : left)
    (void)docker_down(cluster);
}

/// Whether tests on containers can run here; if not, says why the caller is skipped.
inline bool docker_for_tests() {
  static const auto available = [] {
    auto answer = docker_available();
    if (answer) sweep_test_clusters();
    return answer;
  }();
  if (!available) MESSAGE("skipped: " << available.error().to_string());
  return available.has_value();
}

/// Brings up a cluster and takes it down at the end of its life. A cluster that cannot be had where
/// Docker is available is a failed test.
class TestCluster {
 public:
  explicit TestCluster(DockerClusterOptions options) : name_(options.name) {
    options.run = "a test";
    auto up = docker_up(options);
    REQUIRE(up);
    cluster_ = std::move(*up);
  }
  ~TestCluster() {
    cluster_.reset();  // gives back its lock
    (void)docker_down(name_, {std::chrono::seconds(30)});
  }
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;

  Cluster& operator*() const { return *cluster_; }
  Cluster* operator->() const { return cluster_.get(); }
  const std::string& name() const { return name_; }
  Node& node(const std::string& name) const {
    Node* found = cluster_->find(name);
    REQUIRE(found != nullptr);
    return *found;
  }

 private:
  std::string name_;
  std::unique_ptr<Cluster> cluster_;
};

inline DockerClusterOptions test_cluster_options(const std::string& tag, int nodes) {
  DockerClusterOptions options;
  options.name = test_cluster_name(tag);
  options.nodes = nodes;
  return options;
}

}  // namespace gauntlet
