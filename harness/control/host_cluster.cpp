#include "harness/control/host_cluster.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>

#include "base/assert.hpp"
#include "harness/control/dial.hpp"
#include "harness/control/ssh_cluster.hpp"
#include "harness/control/ssh_key.hpp"
#include "harness/control/state_directory.hpp"

namespace gauntlet {
namespace {

std::string own_user() {
  const passwd* user = getpwuid(geteuid());
  return user == nullptr ? "root" : user->pw_name;
}

/// A path as the user wrote it, perhaps in a file where no shell expands "~".
std::string expanded(const std::string& path) {
  return path.rfind("~/", 0) == 0 ? (home_directory() / path.substr(2)).string() : path;
}

/// The keys to try: the one asked for, or those of the usual ones that can be used.
Result<std::vector<std::string>> identity_files(const std::string& asked) {
  if (!asked.empty()) {
    const std::string path = expanded(asked);
    if (auto usable = check_private_key(path); !usable) return usable.error();
    return std::vector<std::string>{path};
  }
  std::vector<std::string> found;
  for (const char* name : {"id_ed25519", "id_ecdsa", "id_rsa"}) {
    const std::string path = (home_directory() / ".ssh" / name).string();
    if (check_private_key(path)) found.push_back(path);
  }
  return found;
}

Result<void> check_distinct(const std::vector<HostSpec>& hosts) {
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (hosts[i].host == hosts[j].host && hosts[i].port == hosts[j].port)
        return failure(ErrorKind::usage, "the node " + endpoint_text(hosts[i].host, hosts[i].port) +
                                             " is named twice");
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Cluster>> connect_hosts(const HostClusterOptions& options) {
  if (options.hosts.empty()) return failure(ErrorKind::usage, "no host is named as a node");
  if (auto distinct = check_distinct(options.hosts); !distinct) return distinct.error();
  const auto identities = identity_files(options.identity_file);
  if (!identities) return identities.error();

  std::vector<SshNodeOptions> nodes;
  for (const HostSpec& host : options.hosts) {
    const auto same = std::count_if(options.hosts.begin(), options.hosts.end(),
                                    [&](const HostSpec& other) { return other.host == host.host; });
    SshNodeOptions node;
    node.name = same > 1 ? endpoint_text(host.host, host.port) : host.host;
    node.address = host.host;
    node.sudo_password = options.sudo_password;
    node.sessions_max = options.sessions_max;
    node.log = options.log;
    node.target.name = node.name;
    node.target.host = host.host;
    node.target.port = host.port;
    node.target.user = !host.user.empty()             ? host.user
                       : options.default_user.empty() ? own_user()
                                                      : options.default_user;
    node.target.identity_files = *identities;
    node.target.agent = options.agent;
    node.target.password = options.password;
    node.target.known_hosts_file = options.known_hosts_file.empty()
                                       ? (home_directory() / ".ssh" / "known_hosts").string()
                                       : expanded(options.known_hosts_file);
    node.target.system_known_hosts = options.known_hosts_file.empty();
    nodes.push_back(std::move(node));
  }
  auto cluster = std::make_unique<SshCluster>("hosts", std::move(nodes));
  if (!options.check) return std::unique_ptr<Cluster>(std::move(cluster));
  const auto seen_as = cluster->check(Deadline::after(options.timeout), false, options.stop);
  if (!seen_as) return seen_as.error();
  const bool agreed = std::all_of(seen_as->begin(), seen_as->end(),
                                  [&](const std::string& one) { return one == seen_as->front(); });
  if (agreed) cluster->set_controller_address(seen_as->front());
  return std::unique_ptr<Cluster>(std::move(cluster));
}

}  // namespace gauntlet
