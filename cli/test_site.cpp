#include "cli/test_site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/signals.hpp"
#include "harness/control/docker_cluster.hpp"
#include "harness/control/embedded_cluster.hpp"
#include "harness/control/host_cluster.hpp"
#include "harness/control/secret.hpp"
#include "nemesis/data_disk.hpp"
#include "nemesis/processes.hpp"

namespace gauntlet {

namespace {

LockWait lock_wait(const SiteOptions& options) {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(options.wait), &stop_requested()};
}

Result<bool> docker_cluster_exists(const std::string& name) {
  const auto nodes = docker_status();
  if (!nodes) return nodes.error();
  return std::any_of(nodes->begin(), nodes->end(),
                     [&](const DockerNodeStatus& node) { return node.cluster == name; });
}

Result<std::unique_ptr<Cluster>> open_docker(const TestPlan& plan, const SiteOptions& options) {
  DockerClusterOptions docker;
  docker.name = plan.cluster;
  docker.nodes = static_cast<int>(plan.node_count);
  docker.subnet = plan.subnet;
  docker.run = options.run;
  docker.wait = lock_wait(options);
  docker.stop = &stop_requested();
  docker.log = options.log;
  return docker_up(docker);
}

/// Whether the database keeps data there: on its own nodes, or on all if it does not say which.
bool has_data(const Database& database, const Cluster& cluster, const Node& node) {
  const NodeNames own = nodes_with_processes(cluster, database);
  return own.empty() || std::ranges::count(own, node.name()) > 0;
}

}  // namespace

Result<std::unique_ptr<Cluster>> open_hosts(const TestPlan& plan,
                                            const std::shared_ptr<CommandLog>& log) {
  HostClusterOptions hosts;
  for (const auto& text : plan.hosts) {
    auto host = parse_host(text);
    if (!host) return host.error();
    hosts.hosts.push_back(std::move(*host));
  }
  hosts.identity_file = plan.identity_file;
  hosts.known_hosts_file = plan.known_hosts_file;
  auto password = read_secret(ssh_password_variable, "", false);
  if (!password) return password.error();
  hosts.password = *password;
  auto sudo_password = read_secret(sudo_password_variable, "", false);
  if (!sudo_password) return sudo_password.error();
  hosts.sudo_password = *sudo_password;
  hosts.stop = &stop_requested();
  hosts.log = log;
  return connect_hosts(hosts);
}

Result<std::unique_ptr<TestSite>> TestSite::open(const TestPlan& plan, const SiteOptions& options) {
  std::unique_ptr<TestSite> site(new TestSite);
  auto database = make_database(plan);
  if (!database) return database.error();
  site->database_ = std::move(*database);
  site->database_options_ = plan.database_options;
  site->own_disk_ = options.own_disk;
  if (plan.provider == "embedded") {
    site->cluster_ = embedded_cluster(static_cast<int>(plan.node_count));
  } else if (plan.provider == "hosts") {
    auto cluster = open_hosts(plan, options.log);
    if (!cluster) return cluster.error();
    site->cluster_ = std::move(*cluster);
  } else {
    const auto existed = docker_cluster_exists(plan.cluster);
    if (!existed) return existed.error();
    auto cluster = open_docker(plan, options);
    if (!cluster) return cluster.error();
    site->cluster_ = std::move(*cluster);
    if (!*existed && !options.keep_nodes) site->cluster_to_remove_ = plan.cluster;
  }
  auto lock = NodeLock::acquire(*site->cluster_, Owner::self(options.run), lock_wait(options));
  if (!lock) return lock.error();
  site->lock_.emplace(std::move(*lock));
  auto configured = site->database_->configure(*site->cluster_, plan.database_options);
  if (!configured) return configured.error();
  return site;
}

TestSite::~TestSite() {
  close();
}

/// A run that was killed may have left a disk, which no wipe could remove.
Result<void> TestSite::prepare_disk(Node& node) {
  const auto folder = database_->data_folder();
  if (!cluster_->reachable() || !folder) {
    if (!own_disk_) return {};
    return failure(ErrorKind::usage,
                   fmt::format("{} tells of no folder for its data", database_->name()),
                   "leave --disk away");
  }
  if (const auto there = data_disk_mounted(node, *folder); !there || *there) {
    if (auto killed = database_->kill(node); !killed) return killed;
    if (auto removed = remove_data_disk(node, *folder); !removed) return removed;
  }
  if (auto wiped = database_->wipe(node); !wiped || !own_disk_) return wiped;
  return has_data(*database_, *cluster_, node) ? mount_data_disk(node, *folder) : Result<void>();
}

Result<void> TestSite::start_database() {
  const auto nodes = cluster_->nodes();
  const auto on_all = [&](Result<void> (Database::*step)(Node&)) -> Result<void> {
    return all_of(nodes,
                  on_each<void>(nodes, [&](Node& node) { return (database_.get()->*step)(node); }));
  };
  if (auto installed = on_all(&Database::install); !installed) return installed;
  if (stop_requested()) return failure(ErrorKind::interrupted, "interrupted while setting up");
  const auto disks = on_each<void>(nodes, [&](Node& node) { return prepare_disk(node); });
  if (auto ready = all_of(nodes, disks); !ready) return ready;
  if (stop_requested()) return failure(ErrorKind::interrupted, "interrupted while setting up");
  if (auto started = on_all(&Database::start); !started) return started;
  if (auto ready = database_->await_ready(Deadline::after(std::chrono::seconds(60))); !ready) {
    return ready;
  }
  const auto versions =
      on_each<std::string>(nodes, [&](Node& node) { return database_->version(node); });
  for (const auto& version : versions) {
    if (!version) continue;
    if (std::find(versions_.begin(), versions_.end(), *version) == versions_.end()) {
      versions_.push_back(*version);
    }
  }
  return {};
}

std::vector<std::string> TestSite::fetch_logs(const std::string& directory) {
  constexpr std::size_t bytes_max = 64 << 20;
  std::vector<std::string> problems;
  if (!cluster_->reachable()) return problems;
  const auto nodes = cluster_->nodes();
  const auto results = on_each<void>(nodes, [&](Node& node) -> Result<void> {
    const std::string folder = directory + "/" + node.name();
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    Result<void> last{};
    for (const auto& path : database_->log_files(node)) {
      const std::string name = std::filesystem::path(path).filename();
      if (auto done = node.download(path, folder + "/" + name, bytes_max, true); !done) last = done;
    }
    return last;
  });
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!results[i]) {
      problems.push_back(
          fmt::format("{}: logs not fetched: {}", nodes[i]->name(), results[i].error().what));
    }
  }
  return problems;
}

std::vector<std::string> TestSite::stop_database() {
  std::vector<std::string> problems;
  const auto nodes = cluster_->nodes();
  const auto results = on_each<void>(nodes, [&](Node& node) -> Result<void> {
    if (auto stopped = database_->stop(node); !stopped) return stopped;
    if (own_disk_ && database_->data_folder()) {
      if (auto gone = remove_data_disk(node, *database_->data_folder()); !gone) return gone;
    }
    return database_->wipe(node);
  });
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!results[i]) {
      problems.push_back(
          fmt::format("{}: database not stopped: {}", nodes[i]->name(), results[i].error().what));
    }
  }
  return problems;
}

void TestSite::close() {
  agents_.reset();
  lock_.reset();
  cluster_.reset();
  if (cluster_to_remove_.empty()) return;
  const std::string name = std::exchange(cluster_to_remove_, "");
  if (auto removed = docker_down(name); !removed) {
    fmt::print(stderr, "gauntlet: cluster {} not removed: {}\n", name, removed.error().to_string());
  }
}

}  // namespace gauntlet
