#include "harness/control/docker_cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "harness/control/checksum.hpp"
#include "harness/control/docker_client.hpp"
#include "harness/control/docker_machines.hpp"
#include "harness/control/docker_network.hpp"
#include "harness/control/ssh_cluster.hpp"
#include "harness/control/ssh_key.hpp"
#include "harness/control/state_directory.hpp"

namespace gauntlet {
namespace {

constexpr std::string_view host_key_file = "/etc/ssh/ssh_host_ed25519_key.pub";
constexpr std::chrono::milliseconds reuse_check_max{6'000};

/// A container of ours, as its labels tell.
struct Container {
  DockerNodeStatus status;
  std::string make;        ///< what the cluster was made from, as a checksum
  std::string controller;  ///< our address on the network
};

std::string node_name(int index) {
  return fmt::format("n{}", index + 1);
}
std::string network_name(const std::string& cluster) {
  return "gauntlet-" + cluster;
}
std::string cluster_label(const std::string& cluster) {
  return "gauntlet.cluster=" + cluster;
}

Result<void> check_options(const DockerClusterOptions& options) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  const std::string& name = options.name;
  if (name.empty() || name.size() > 32 || name[0] == '-' ||
      !std::all_of(name.begin(), name.end(), fits))
    return failure(ErrorKind::usage, fmt::format("'{}' is no name of a cluster", name),
                   "use a-z, 0-9 and '-', at most 32");
  if (options.nodes < 1 || options.nodes > 100)
    return failure(ErrorKind::usage, fmt::format("a cluster of {} nodes cannot be", options.nodes),
                   "ask for 1 to 100 nodes");
  return {};
}

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(line);
  for (std::string part; std::getline(stream, part, separator);)
    parts.push_back(std::move(part));
  return parts;
}

Result<std::vector<Container>> list_containers(const std::string& filter) {
  constexpr const char* format =
      R"({{.Label "gauntlet.cluster"}}|{{.Label "gauntlet.node"}}|{{.Names}}|)"
      R"({{.Label "gauntlet.address"}}|{{.Image}}|{{.State}}|{{.Label "gauntlet.make"}}|)"
      R"({{.Label "gauntlet.controller"}}|.)";
  const auto listed = docker({"ps", "--all", "--filter", "label=" + filter, "--format", format});
  if (!listed) return listed.error();
  std::vector<Container> containers;
  for (const std::string& line : split(*listed, '\n')) {
    auto f = split(line, '|');
    if (f.size() != 9) continue;  // not one of ours, whatever its label
    containers.push_back({{f[0], f[1], f[2], f[3], f[4], f[5]}, f[6], f[7]});
  }
  const auto key = [](const Container& c) {
    return std::tuple(c.status.cluster, c.status.node.size(), c.status.node);
  };
  std::sort(containers.begin(), containers.end(),
            [&](const Container& a, const Container& b) { return key(a) < key(b); });
  return containers;
}

Result<FileLock> lock_cluster(const std::string& name, const std::string& run,
                              const LockWait& wait) {
  const auto folder = private_directory("locks");
  if (!folder) return folder.error();
  return FileLock::acquire(*folder / ("docker-" + name + ".lock"), "the cluster '" + name + "'",
                           Owner::self(run), wait);
}

Result<std::filesystem::path> known_hosts_path(const std::string& cluster) {
  const auto folder = private_directory("clusters/" + cluster);
  if (!folder) return folder.error();
  return *folder / "known_hosts";
}

Result<void> remove_cluster(const std::string& name) {
  const auto containers =
      docker({"ps", "--all", "--quiet", "--filter", "label=" + cluster_label(name)});
  if (!containers) return containers.error();
  if (auto ids = split(*containers, '\n'); !ids.empty()) {
    std::vector<std::string> command{"rm", "--force", "--volumes"};
    command.insert(command.end(), ids.begin(), ids.end());
    if (auto removed = docker(command, std::chrono::seconds(60)); !removed) return removed.error();
  }
  if (auto removed = remove_network(network_name(name)); !removed) return removed.error();
  std::error_code ignored;
  std::filesystem::remove_all(state_directory() / "clusters" / name, ignored);
  return {};
}

/// Removes a cluster unless told that it is complete.
class Cleanup {
 public:
  explicit Cleanup(std::string name) : name_(std::move(name)) {}
  ~Cleanup() {
    if (!name_.empty()) (void)remove_cluster(name_);
  }
  Cleanup(const Cleanup&) = delete;
  Cleanup& operator=(const Cleanup&) = delete;
  void complete() { name_.clear(); }

 private:
  std::string name_;
};

/// The line of known_hosts by which a container identifies itself, asked through Docker, which is
/// to be trusted. sshd makes the key at its start, so it may take a moment.
Result<std::string> read_host_key(const Container& container, const std::atomic<bool>* stop) {
  const std::string script =
      fmt::format("for i in $(seq 200); do [ -s {0} ] && exec cat {0}; sleep 0.05; done; exit 1",
                  host_key_file);
  const auto key = docker({"exec", container.status.container, "sh", "-c", script},
                          std::chrono::seconds(20), stop);
  if (!key) return key.error();
  const auto words = split(key->substr(0, key->find('\n')), ' ');
  if (words.size() < 2 || words[0] != "ssh-ed25519")
    return failure(ErrorKind::remote,
                   container.status.container + " has no host key that can be read");
  return fmt::format("{} {} {}\n", container.status.address, words[0], words[1]);
}

/// known_hosts for all containers. Of one that does not run Docker tells nothing: it keeps the line
/// that it has in `before`, and its key across a restart.
Result<std::string> read_host_keys(const std::vector<Container>& containers,
                                   const std::string& before, const std::atomic<bool>* stop) {
  const auto keys =
      in_parallel<std::string>(containers.size(), [&](std::size_t i) -> Result<std::string> {
        if (containers[i].status.state == "running") return read_host_key(containers[i], stop);
        for (const std::string& line : split(before, '\n')) {
          if (line.rfind(containers[i].status.address + " ", 0) == 0) return line + "\n";
        }
        return std::string();
      });
  std::string known_hosts;
  for (const auto& key : keys) {
    if (!key) return key.error();
    known_hosts += *key;
  }
  return known_hosts;
}

/// The containers as nodes to log in to; no connection is made yet.
Result<std::unique_ptr<SshCluster>> nodes_of(const std::vector<Container>& containers,
                                             const KeyPair& key,
                                             const DockerClusterOptions& options) {
  const auto known_hosts = known_hosts_path(options.name);
  if (!known_hosts) return known_hosts.error();
  std::ifstream file(*known_hosts);
  const std::string before((std::istreambuf_iterator<char>(file)), {});
  const auto keys = read_host_keys(containers, before, options.stop);
  if (!keys) return keys.error();
  if (auto written = write_file(*known_hosts, *keys, 0600); !written) return written.error();
  std::vector<SshNodeOptions> nodes;
  for (const Container& container : containers) {
    SshNodeOptions node;
    node.name = container.status.node;
    node.address = container.status.address;
    node.log = options.log;
    node.target.name = node.name;
    node.target.host = node.address;
    node.target.user = "root";
    node.target.identity_files = {key.private_key_file};
    node.target.known_hosts_file = known_hosts->string();
    nodes.push_back(std::move(node));
  }
  auto cluster = std::make_unique<SshCluster>("docker", std::move(nodes));
  cluster->set_controller_address(containers.front().controller);
  cluster->set_machines(docker_machines(options.name));
  return cluster;
}

bool healthy(const std::vector<Container>& containers, const std::string& make, int nodes) {
  if (containers.size() != static_cast<std::size_t>(nodes)) return false;
  for (int i = 0; i < nodes; ++i) {
    const Container& container = containers[static_cast<std::size_t>(i)];
    if (container.status.node != node_name(i) || container.status.state != "running" ||
        container.make != make)
      return false;
  }
  return true;
}

/// `docker run` of one node. `--init` reaps what a killed database leaves; the capabilities are
/// what faults need and no more.
std::vector<std::string> run_arguments(const DockerClusterOptions& options, const Container& node,
                                       const std::vector<Container>& all, const KeyPair& key) {
  std::vector<std::string> arguments{"run",
                                     "--detach",
                                     "--pull",
                                     "never",
                                     "--init",
                                     "--name",
                                     node.status.container,
                                     "--hostname",
                                     node.status.node,
                                     "--network",
                                     network_name(options.name),
                                     "--ip",
                                     node.status.address,
                                     "--label",
                                     "gauntlet=1",
                                     "--label",
                                     cluster_label(options.name),
                                     "--label",
                                     "gauntlet.node=" + node.status.node,
                                     "--label",
                                     "gauntlet.address=" + node.status.address,
                                     "--label",
                                     "gauntlet.make=" + node.make,
                                     "--label",
                                     "gauntlet.controller=" + node.controller,
                                     "--label",
                                     fmt::format("gauntlet.memory={}", options.memory_bytes_max),
                                     "--cap-add",
                                     "NET_ADMIN",
                                     "--cap-add",
                                     "SYS_PTRACE",
                                     "--cap-add",
                                     "SYS_ADMIN",
                                     "--memory",
                                     std::to_string(options.memory_bytes_max),
                                     "--memory-swap",
                                     std::to_string(options.memory_bytes_max),
                                     "--pids-limit",
                                     std::to_string(options.processes_max),
                                     "--env",
                                     "GAUNTLET_AUTHORIZED_KEY=" + key.public_key};
  const auto add = [&](std::string name, std::string value) {
    arguments.push_back(std::move(name));
    arguments.push_back(std::move(value));
  };
  if (std::filesystem::exists("/dev/fuse")) add("--device", "/dev/fuse");
  for (const Container& other : all)
    add("--add-host", other.status.node + ":" + other.status.address);
  for (const std::string& variable : options.environment)
    add("--env", variable);
  arguments.push_back(node.status.image);
  return arguments;
}

Result<std::vector<Container>> make_containers(const DockerClusterOptions& options,
                                               const std::string& image, const std::string& make,
                                               const KeyPair& key) {
  constexpr std::uint32_t first_node = 11;
  const auto subnet =
      make_network(network_name(options.name), cluster_label(options.name), options.subnet,
                   first_node + static_cast<std::uint32_t>(options.nodes));
  if (!subnet) return subnet.error();
  std::vector<Container> containers;
  for (int i = 0; i < options.nodes; ++i) {
    const std::string node = node_name(i);
    containers.push_back(
        {{options.name, node, docker_container(options.name, node),
          subnet->address(first_node + static_cast<std::uint32_t>(i)), image, "running"},
         make,
         subnet->address(1)});
  }
  const auto made = in_parallel<std::string>(containers.size(), [&](std::size_t i) {
    return docker(run_arguments(options, containers[i], containers, key), options.timeout,
                  options.stop);
  });
  for (const auto& one : made) {
    if (!one) return one.error();
  }
  return containers;
}

}  // namespace

Result<std::unique_ptr<Cluster>> docker_up(const DockerClusterOptions& options) {
  const Deadline deadline = Deadline::after(options.timeout);
  if (auto fits = check_options(options); !fits) return fits.error();
  if (auto there = docker_available(); !there) return there.error();
  const std::string image = options.image.empty() ? default_node_image() : options.image;
  const auto image_id = docker({"image", "inspect", "--format", "{{.Id}}", image});
  if (!image_id) return image_id.error();
  const auto key = installation_key();
  if (!key) return key.error();
  auto lock = lock_cluster(options.name, options.run, options.wait);
  if (!lock) return lock.error();

  std::string ingredients =
      fmt::format("{}|{}|{}|{}|{}|{}", *image_id, key->public_key, options.nodes, options.subnet,
                  options.memory_bytes_max, options.processes_max);
  for (const std::string& variable : options.environment)
    ingredients += "|" + variable;
  const std::string make = sha256(ingredients).substr(0, 16);

  const auto existing = list_containers(cluster_label(options.name));
  if (!existing) return existing.error();
  if (options.reuse && healthy(*existing, make, options.nodes)) {
    auto cluster = nodes_of(*existing, *key, options);
    if (cluster && (*cluster)->check(deadline.capped(reuse_check_max), false, options.stop)) {
      (*cluster)->hold(std::move(*lock));
      return std::unique_ptr<Cluster>(std::move(*cluster));
    }
  }
  if (auto removed = remove_cluster(options.name); !removed) return removed.error();

  Cleanup cleanup(options.name);
  const auto containers = make_containers(options, image, make, *key);
  if (!containers) return containers.error();
  auto cluster = nodes_of(*containers, *key, options);
  if (!cluster) return cluster.error();
  if (auto up = (*cluster)->check(deadline, true, options.stop); !up) return up.error();
  cleanup.complete();
  (*cluster)->hold(std::move(*lock));
  return std::unique_ptr<Cluster>(std::move(*cluster));
}

Result<std::unique_ptr<Cluster>> docker_attach(const DockerClusterOptions& options) {
  if (auto fits = check_options(options); !fits) return fits.error();
  const auto containers = list_containers(cluster_label(options.name));
  if (!containers) return containers.error();
  if (containers->empty())
    return failure(ErrorKind::usage, "there is no cluster '" + options.name + "'",
                   "bring it up with `gauntlet nodes up`");
  const auto key = installation_key();
  if (!key) return key.error();
  auto lock = lock_cluster(options.name, options.run, options.wait);
  if (!lock) return lock.error();
  auto cluster = nodes_of(*containers, *key, options);
  if (!cluster) return cluster.error();
  (*cluster)->hold(std::move(*lock));
  return std::unique_ptr<Cluster>(std::move(*cluster));
}

Result<void> docker_down(const std::string& name, const LockWait& wait) {
  const auto lock = lock_cluster(name, "taking it down", wait);
  if (!lock) return lock.error();
  return remove_cluster(name);
}

Result<std::vector<DockerNodeStatus>> docker_status() {
  const auto containers = list_containers("gauntlet.cluster");
  if (!containers) return containers.error();
  std::vector<DockerNodeStatus> nodes;
  for (const Container& container : *containers)
    nodes.push_back(container.status);
  return nodes;
}

Result<std::vector<std::string>> docker_ssh_command(const std::string& cluster,
                                                    const std::string& node) {
  const auto containers = list_containers(cluster_label(cluster));
  if (!containers) return containers.error();
  const auto key = installation_key();
  if (!key) return key.error();
  const auto known_hosts = known_hosts_path(cluster);
  if (!known_hosts) return known_hosts.error();
  for (const Container& container : *containers) {
    if (container.status.node != node) continue;
    return std::vector<std::string>{"ssh",
                                    "-F",
                                    "none",
                                    "-i",
                                    key->private_key_file,
                                    "-o",
                                    "IdentitiesOnly=yes",
                                    "-o",
                                    "UserKnownHostsFile=" + known_hosts->string(),
                                    "-o",
                                    "StrictHostKeyChecking=yes",
                                    "root@" + container.status.address};
  }
  return failure(ErrorKind::usage,
                 fmt::format("there is no node '{}' in the cluster '{}'", node, cluster),
                 "see `gauntlet nodes status`");
}

std::string docker_container(const std::string& cluster, const std::string& node) {
  return "gauntlet-" + cluster + "-" + node;
}

}  // namespace gauntlet
