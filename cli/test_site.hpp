// Where a test happens: the cluster and the database on it, up while this object lives.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/test_plan.hpp"
#include "harness/control/cluster.hpp"
#include "harness/control/command_log.hpp"
#include "harness/control/node_lock.hpp"
#include "harness/run/database.hpp"
#include "nemesis/agent_links.hpp"

namespace gauntlet {

/// The machines of a plan with provider "hosts", logged in to.
Result<std::unique_ptr<Cluster>> open_hosts(const TestPlan& plan,
                                            const std::shared_ptr<CommandLog>& log);

struct SiteOptions {
  std::string run;                   ///< who uses the nodes, for those who are refused meanwhile
  std::shared_ptr<CommandLog> log;   ///< may be null
  std::chrono::nanoseconds wait{0};  ///< for nodes that another run uses
  bool keep_nodes = false;
  bool own_disk = false;  ///< the database's data are on the file system of nemesis/data_disk.hpp
};

/// Used by one thread. `close` in its destructor at the latest.
class TestSite {
 public:
  /// Brings up or joins the cluster, and takes it for this process.
  static Result<std::unique_ptr<TestSite>> open(const TestPlan& plan, const SiteOptions& options);
  ~TestSite();

  Cluster& cluster() { return *cluster_; }
  Database& database() { return *database_; }
  AgentLinks& agents() { return *agents_; }
  const std::vector<std::string>& versions() const { return versions_; }

  /// Installs, wipes and starts the database on all nodes and waits until it serves.
  Result<void> start_database();
  /// Fetches the database's logs into `directory`/NODE/; what could not be fetched, one line each.
  std::vector<std::string> fetch_logs(const std::string& directory);
  /// Stops and wipes the database; what went wrong, one line each.
  std::vector<std::string> stop_database();
  /// Removes the containers that this run brought up, unless they are to be kept.
  void close();

 private:
  TestSite() = default;
  Result<void> prepare_disk(Node& node);

  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<AgentLinks> agents_ = std::make_unique<AgentLinks>();  ///< gone before the nodes
  std::optional<NodeLock> lock_;
  std::unique_ptr<Database> database_;
  OptionValues database_options_;
  bool own_disk_ = false;
  std::vector<std::string> versions_;
  std::string cluster_to_remove_;  ///< empty: nothing to remove
};

}  // namespace gauntlet
