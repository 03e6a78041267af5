// Logins, host keys and sudo, right and wrong, with containers as the user's hosts.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/subprocess.hpp"
#include "harness/control/host_cluster.hpp"
#include "harness/control/node_lock.hpp"
#include "harness/control/ssh_key.hpp"
#include "harness/control/ssh_node.hpp"
#include "harness/control/state_directory.hpp"
#include "tests/integration/test_cluster.hpp"
#include "tests/temporary_folder.hpp"

using namespace gauntlet;
using std::chrono::milliseconds;
using std::chrono::seconds;
namespace fs = std::filesystem;

namespace {

constexpr const char* password = "it's a $ecret";

/// Two nodes whose users have a password; shared by the cases of this file.
const TestCluster* shared_cluster() {
  if (!docker_for_tests()) return nullptr;
  static const TestCluster cluster([] {
    DockerClusterOptions options = test_cluster_options("login", 2);
    options.environment = {std::string("GAUNTLET_PASSWORD=") + password};
    return options;
  }());
  return &cluster;
}

const SshTarget& target(const TestCluster& cluster, const std::string& node) {
  return dynamic_cast<SshNode&>(cluster.node(node)).target();
}

/// Node n1 as a host that the user names.
HostClusterOptions as_host(const TestCluster& cluster, const std::string& user) {
  HostClusterOptions options;
  options.hosts = {{user, cluster.node("n1").address(), 22}};
  options.identity_file = target(cluster, "n1").identity_files.front();
  options.known_hosts_file = target(cluster, "n1").known_hosts_file;
  options.agent = false;
  return options;
}

/// Sets an environment variable for as long as it lives.
class WithEnvironment {
 public:
  WithEnvironment(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~WithEnvironment() {
    if (before_) {
      setenv(name_, before_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }
  WithEnvironment(const WithEnvironment&) = delete;
  WithEnvironment& operator=(const WithEnvironment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

Error refusal(const HostClusterOptions& options) {
  const auto cluster = connect_hosts(options);
  REQUIRE_FALSE(cluster.has_value());
  MESSAGE(cluster.error().to_string());
  CHECK(exit_code_of(cluster.error()) == ExitCode::setup);
  CHECK(cluster.error().to_string().find('\n') == std::string::npos);
  return cluster.error();
}

bool mentions(const Error& error, const std::string& text) {
  return error.to_string().find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a host that the user names works as a container does") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  const auto hosts = connect_hosts(as_host(*cluster, "root"));
  REQUIRE(hosts);
  CHECK((*hosts)->provider() == "hosts");
  CHECK((*hosts)->controller_address() == (*cluster)->controller_address());
  REQUIRE((*hosts)->nodes().size() == 1);
  Node& node = *(*hosts)->nodes()[0];
  CHECK(node.name() == cluster->node("n1").address());
  CHECK(node.must(Command::of({"hostname"}))->output == "n1\n");
}

TEST_CASE("root by sudo: without a password, with one, and with one that is not asked for") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  struct Example {
    const char* user;
    const char* sudo_password;
  };
  for (const Example& e :
       {Example{"gauntlet", ""}, Example{"limited", password}, Example{"gauntlet", password},
        Example{"gauntlet", "not even right, but not asked for"}, Example{"root", ""}}) {
    CAPTURE(e.user);
    CAPTURE(e.sudo_password);
    HostClusterOptions options = as_host(*cluster, e.user);
    options.sudo_password = e.sudo_password;
    const auto hosts = connect_hosts(options);
    REQUIRE(hosts);
    Node& node = *(*hosts)->nodes()[0];
    CHECK(node.must(Command::of({"id", "-un"}))->output == std::string(e.user) + "\n");
    // The password never reaches the command's input.
    const auto result = node.must(
        Command::shell("id -un; cat; printf %s \"$0\" '$x' \"it's\"").with_input("in\nput").root());
    REQUIRE(result);
    CHECK(result->output == "root\nin\nput/bin/sh$xit's");
    CHECK(node.must(Command::of({"cat"}).root())->output.empty());
    CHECK(node.run(Command::shell("kill -KILL $$").root())->exit_code != 0);

    const auto late = node.run(Command::of({"sleep", "4712"}).within(milliseconds(700)).root());
    REQUIRE_FALSE(late);
    CHECK(late.error().kind == ErrorKind::timeout);
    CHECK(node.run(Command::shell("pgrep -f 'sleep 471[2]'"))->exit_code == 1);

    REQUIRE(node.upload("root's", "/root/file", 0600, true));
    const TemporaryFolder folder;
    REQUIRE(node.download("/root/file", folder.path("file"), 100, true));
    std::ifstream file(folder.path("file"));
    CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == "root's");
    if (std::string(e.user) != "root")
      CHECK_FALSE(node.download("/root/file", folder.path("x"), 100));
  }
}

TEST_CASE("a wrong or missing sudo password is named, and not taken for the command's failure") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  for (const char* sudo_password : {"", "wrong"}) {
    HostClusterOptions options = as_host(*cluster, "limited");
    options.sudo_password = sudo_password;
    const auto hosts = connect_hosts(options);
    REQUIRE(hosts);
    const auto result = (*hosts)->nodes()[0]->run(Command::of({"id"}).root());
    REQUIRE_FALSE(result);
    MESSAGE(result.error().to_string());
    CHECK(result.error().kind == ErrorKind::remote);
    CHECK(mentions(result.error(), "user 'limited' cannot become root with sudo"));
    CHECK(mentions(result.error(), "sudo password"));
  }
}

TEST_CASE("login by password") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  const TemporaryFolder folder;
  const WithEnvironment home("HOME", folder.path("home"));  // no key of the one who runs the test
  HostClusterOptions options = as_host(*cluster, "gauntlet");
  options.identity_file.clear();
  options.password = password;
  const auto hosts = connect_hosts(options);
  CHECK(hosts);

  options.password = "wrong";
  const Error error = refusal(options);
  CHECK(error.kind == ErrorKind::remote);
  CHECK(mentions(error, "gauntlet@"));
  CHECK(mentions(error, "tried: password"));

  options.password.clear();
  CHECK(mentions(refusal(options), "there is no key and no password"));
}

TEST_CASE("login by ssh-agent") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  const TemporaryFolder folder;
  const std::string socket = folder.path("agent");
  const auto agent = run_process(LocalProgram{.argv = {"ssh-agent", "-s", "-a", socket}});
  if (!agent) {
    MESSAGE("skipped: there is no ssh-agent");
    return;
  }
  const auto pid_at = agent->output.find("SSH_AGENT_PID=") + 14;
  const int pid = std::atoi(agent->output.c_str() + pid_at);
  REQUIRE(pid > 1);
  const WithEnvironment agent_socket("SSH_AUTH_SOCK", socket);
  const WithEnvironment home("HOME", folder.path("home"));
  HostClusterOptions options = as_host(*cluster, "root");
  const std::string key = options.identity_file;
  options.identity_file.clear();
  options.agent = true;

  CHECK(mentions(refusal(options), "ssh-agent"));  // it has no key yet
  const auto added = run_process(LocalProgram{.argv = {"ssh-add", key}});
  REQUIRE(added);
  CHECK(added->exit_code == 0);
  CHECK(connect_hosts(options));
  kill(pid, SIGTERM);
}

TEST_CASE("a key that the host does not know is refused at once") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  const TemporaryFolder folder;
  const auto other = [&] {
    const WithEnvironment home("GAUNTLET_HOME", folder.path("other"));
    return installation_key();
  }();
  REQUIRE(other);
  HostClusterOptions options = as_host(*cluster, "root");
  options.identity_file = other->private_key_file;
  const Nanos start = monotonic_now();
  const Error error = refusal(options);
  CHECK(monotonic_now() - start < 8 * nanos_per_second);
  CHECK(error.kind == ErrorKind::remote);
  CHECK(mentions(error, other->private_key_file));
  CHECK(mentions(error, "authorized_keys"));
}

TEST_CASE("an unknown or changed host key is refused, with fingerprint and remedy") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  const std::string address = cluster->node("n1").address();
  const auto shown = cluster->node("n1").must(
      Command::of({"ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub"}));
  REQUIRE(shown);
  const std::string fingerprint = shown->output.substr(4, shown->output.find(' ', 4) - 4);
  REQUIRE(fingerprint.rfind("SHA256:", 0) == 0);

  const TemporaryFolder folder;
  HostClusterOptions options = as_host(*cluster, "root");
  options.known_hosts_file = folder.path("known_hosts");
  for (const bool file_exists : {false, true}) {
    if (file_exists) std::ofstream(options.known_hosts_file) << "other.example ssh-ed25519 AAAA\n";
    const Error unknown = refusal(options);
    CHECK(unknown.kind == ErrorKind::remote);
    CHECK(mentions(unknown, "the host key of " + address + " is unknown"));
    CHECK(mentions(unknown, "ssh-ed25519 " + fingerprint));
    CHECK(mentions(unknown, "ssh-keyscan -p 22 " + address));
  }

  // Each node has its own key: put that of n2 down for n1.
  std::ifstream file(target(*cluster, "n1").known_hosts_file);
  std::string host, type, key;
  while (file >> host >> type >> key) {
    if (host == cluster->node("n2").address())
      std::ofstream(options.known_hosts_file) << address << ' ' << type << ' ' << key << '\n';
  }
  const Error changed = refusal(options);
  CHECK(changed.kind == ErrorKind::remote);
  CHECK(mentions(changed, "the host key of " + address + " is not the one"));
  CHECK(mentions(changed, "ssh-ed25519 " + fingerprint));
  CHECK(mentions(changed, "ssh-keygen -R " + address));
}

TEST_CASE("a host that is not there, and a port without sshd, are named") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  HostClusterOptions options = as_host(*cluster, "root");
  const std::string address = options.hosts[0].host;
  options.hosts[0].port = 23;
  const Error closed = refusal(options);
  CHECK(closed.kind == ErrorKind::transport);
  CHECK(mentions(closed, address + ":23 refuses connections"));

  options.hosts[0] = {"root", address.substr(0, address.rfind('.')) + ".250", 22};
  const Nanos start = monotonic_now();
  const Error absent = refusal(options);
  CHECK(monotonic_now() - start < 30 * nanos_per_second);
  CHECK(absent.kind == ErrorKind::transport);
  CHECK(mentions(absent, ".250:22 cannot be reached"));

  // Of several hosts the one that fails is named.
  options.hosts.insert(options.hosts.begin(), {"root", address, 22});
  CHECK(mentions(refusal(options), ".250"));
}

TEST_CASE("connections leave no descriptor behind, whether they succeed or not") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  const TemporaryFolder folder;
  const auto open_descriptors = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const HostClusterOptions good = as_host(*cluster, "root");
  HostClusterOptions unknown_key = good, refused_login = good, closed_port = good;
  unknown_key.known_hosts_file = folder.path("known_hosts");
  refused_login.hosts[0].user = "nobody";
  closed_port.hosts[0].port = 23;
  const auto before = open_descriptors();
  for (int round = 0; round < 3; ++round) {
    CHECK(connect_hosts(good).has_value());
    CHECK_FALSE(connect_hosts(unknown_key).has_value());
    CHECK_FALSE(connect_hosts(refused_login).has_value());
    CHECK_FALSE(connect_hosts(closed_port).has_value());
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("a node belongs to one run at a time") {
  const TestCluster* cluster = shared_cluster();
  if (cluster == nullptr) return;
  const auto hosts = connect_hosts(as_host(*cluster, "gauntlet"));  // the lock needs root
  REQUIRE(hosts);
  Node& n1 = cluster->node("n1");
  Node& n2 = cluster->node("n2");
  {
    const auto first = NodeLock::acquire(**cluster, Owner::self("first run"), {});
    REQUIRE(first);
    const auto second = NodeLock::acquire(**hosts, Owner::self("second run"), {});
    REQUIRE_FALSE(second.has_value());
    MESSAGE(second.error().to_string());
    CHECK(second.error().kind == ErrorKind::conflict);
    CHECK(mentions(second.error(), "is in use by first run (pid "));

    std::atomic<bool> stop{true};
    const auto stopped = NodeLock::acquire(**hosts, Owner::self("x"), {seconds(60), &stop});
    REQUIRE_FALSE(stopped.has_value());
    CHECK(stopped.error().kind == ErrorKind::interrupted);
  }
  const std::string show = std::string("cat ") + NodeLock::path;
  CHECK(n1.run(Command::shell(show))->exit_code != 0);

  // Held on n1 by a process that has died: taken over. By one of another machine: respected, and
  // n2, which was free, is free again.
  Owner dead = Owner::self("a dead run");
  dead.start = "1";
  REQUIRE(n1.upload(dead.to_json() + "\n", NodeLock::path));
  CHECK(NodeLock::acquire(**cluster, Owner::self("heir"), {}).has_value());
  Owner elsewhere = dead;
  elsewhere.host = "elsewhere";
  REQUIRE(n1.upload(elsewhere.to_json() + "\n", NodeLock::path));
  const auto refused = NodeLock::acquire(**cluster, Owner::self("heir"), {milliseconds(600)});
  REQUIRE_FALSE(refused.has_value());
  CHECK(mentions(refused.error(), "a dead run (pid "));
  CHECK(mentions(refused.error(), "on host elsewhere"));
  CHECK(n2.run(Command::shell(show))->exit_code != 0);

  // A host that is down refuses the lock, unless it is told to be left out.
  HostClusterOptions with_absent = as_host(*cluster, "root");
  with_absent.check = false;
  with_absent.hosts.push_back({"root", n1.address(), 23});
  const auto partly = connect_hosts(with_absent);
  REQUIRE(partly);
  REQUIRE(n1.must(Command::shell(std::string("rm ") + NodeLock::path)));
  CHECK_FALSE(NodeLock::acquire(**partly, Owner::self("x"), {}).has_value());
  CHECK(n1.run(Command::shell(show))->exit_code != 0);
  {
    const auto rest = NodeLock::acquire(**partly, Owner::self("x"), {}, LostNodes::skip);
    REQUIRE(rest);
    CHECK(n1.run(Command::shell(show))->exit_code == 0);
  }
  CHECK(n1.run(Command::shell(show))->exit_code != 0);

  // Not ours to read, so nobody's to take.
  REQUIRE(n1.upload("garbage\n", NodeLock::path));
  CHECK_FALSE(NodeLock::acquire(**cluster, Owner::self("heir"), {}).has_value());
  CHECK(n1.must(Command::shell(std::string("rm ") + NodeLock::path)));
  CHECK(NodeLock::acquire(**cluster, Owner::self("heir"), {}).has_value());
}
