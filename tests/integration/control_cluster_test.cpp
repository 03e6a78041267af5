// Clusters of containers: up, found again, lost and returned, refused, down.
#include <filesystem>
#include <thread>

#include "base/subprocess.hpp"
#include "harness/control/ssh_node.hpp"
#include "harness/control/state_directory.hpp"
#include "tests/integration/test_cluster.hpp"

using namespace gauntlet;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

std::size_t containers_of(const std::string& cluster) {
  const auto nodes = docker_status();
  REQUIRE(nodes);
  return static_cast<std::size_t>(std::count_if(
      nodes->begin(), nodes->end(), [&](const auto& node) { return node.cluster == cluster; }));
}

bool has_network(const std::string& cluster) {
  const auto networks =
      docker({"network", "ls", "--quiet", "--filter", "label=gauntlet.cluster=" + cluster});
  REQUIRE(networks);
  return !networks->empty();
}

bool mentions(const Error& error, const std::string& text) {
  return error.to_string().find(text) != std::string::npos;
}

/// Takes a cluster down that a case brings up by hand.
struct DownAtEnd {
  std::string name;
  ~DownAtEnd() { (void)docker_down(name, {seconds(30)}); }
};

}  // namespace

TEST_CASE("a cluster comes up in seconds, is found again, and goes down without a trace") {
  if (!docker_for_tests()) return;
  const DockerClusterOptions options = test_cluster_options("life", 3);
  const DownAtEnd down{options.name};
  Nanos start = monotonic_now();
  auto first = docker_up(options);
  REQUIRE(first);
  MESSAGE("3 nodes up in " << (monotonic_now() - start) / nanos_per_millisecond << " ms");
  CHECK((*first)->provider() == "docker");
  CHECK((*first)->reachable());
  REQUIRE((*first)->nodes().size() == 3);
  CHECK((*first)->nodes()[2]->name() == "n3");
  REQUIRE((*first)->nodes()[0]->must(Command::of({"touch", "/root/mark"})));

  // In use: nobody else may have it, take it down or attach to it.
  const auto second = docker_up(options);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().kind == ErrorKind::conflict);
  CHECK(mentions(second.error(), "in use by"));
  CHECK(docker_down(options.name).error().kind == ErrorKind::conflict);
  CHECK(docker_attach(options).error().kind == ErrorKind::conflict);

  first->reset();
  start = monotonic_now();
  auto again = docker_up(options);
  REQUIRE(again);
  MESSAGE("found again in " << (monotonic_now() - start) / nanos_per_millisecond << " ms");
  CHECK((*again)->nodes()[0]->run(Command::of({"test", "-e", "/root/mark"}))->exit_code == 0);
  again->reset();

  DockerClusterOptions larger = options;
  larger.nodes = 4;
  auto anew = docker_up(larger);
  REQUIRE(anew);
  CHECK((*anew)->nodes().size() == 4);
  CHECK((*anew)->nodes()[0]->run(Command::of({"test", "-e", "/root/mark"}))->exit_code == 1);
  anew->reset();
  CHECK(containers_of(options.name) == 4);

  REQUIRE(docker_down(options.name));
  CHECK(containers_of(options.name) == 0);
  CHECK_FALSE(has_network(options.name));
  CHECK_FALSE(std::filesystem::exists(state_directory() / "clusters" / options.name));
  CHECK(docker_down(options.name));
  CHECK(docker_attach(options).error().kind == ErrorKind::usage);
}

TEST_CASE("a node that is lost fails soon, and comes back by itself") {
  if (!docker_for_tests()) return;
  const TestCluster cluster(test_cluster_options("loss", 2));
  Node& n1 = cluster.node("n1");
  const std::string container = docker_container(cluster.name(), "n1");
  REQUIRE(n1.must(Command::of({"true"})));

  // A command that runs while its node dies has an end, too.
  Result<CommandResult> running = failure(ErrorKind::internal, "");
  std::jthread runner([&] { running = n1.run(Command::of({"sleep", "60"}).within(seconds(60))); });
  std::this_thread::sleep_for(milliseconds(300));
  Nanos start = monotonic_now();
  REQUIRE(docker({"kill", container}));
  runner.join();
  CHECK(monotonic_now() - start < 30 * nanos_per_second);
  REQUIRE_FALSE(running);
  CHECK(running.error().kind == ErrorKind::transport);

  start = monotonic_now();
  const auto dead = n1.run(Command::of({"true"}).within(seconds(3)));
  CHECK(monotonic_now() - start < 15 * nanos_per_second);
  REQUIRE_FALSE(dead);
  CHECK((dead.error().kind == ErrorKind::transport || dead.error().kind == ErrorKind::timeout));
  CHECK(cluster.node("n2").must(Command::of({"true"})));

  REQUIRE(docker({"start", container}));
  const Deadline deadline = Deadline::after(seconds(15));
  auto back = n1.run(Command::of({"hostname"}));
  while (!back && !deadline.passed())
    back = n1.run(Command::of({"hostname"}));
  REQUIRE(back);
  CHECK(back->output == "n1\n");

  // Frozen is another way to be lost: nothing answers, nothing is refused.
  REQUIRE(docker({"pause", container}));
  start = monotonic_now();
  const auto frozen = n1.run(Command::of({"true"}).within(seconds(1)));
  CHECK(monotonic_now() - start < 15 * nanos_per_second);
  REQUIRE_FALSE(frozen);
  CHECK((frozen.error().kind == ErrorKind::transport || frozen.error().kind == ErrorKind::timeout));
  REQUIRE(docker({"unpause", container}));
  CHECK(n1.must(Command::of({"true"})));
}

TEST_CASE("a cluster with a dead node can be attached to, and is made anew by up") {
  if (!docker_for_tests()) return;
  const DockerClusterOptions options = test_cluster_options("attach", 2);
  const DownAtEnd down{options.name};
  REQUIRE(docker_up(options).has_value());
  REQUIRE(docker({"kill", docker_container(options.name, "n2")}));
  {
    const auto attached = docker_attach(options);
    REQUIRE(attached);
    REQUIRE((*attached)->nodes().size() == 2);
    CHECK((*attached)->nodes()[0]->must(Command::of({"true"})));
    CHECK_FALSE((*attached)->nodes()[1]->run(Command::of({"true"}).within(seconds(2))));
    REQUIRE(docker({"start", docker_container(options.name, "n2")}));
    std::this_thread::sleep_for(milliseconds(500));
    CHECK((*attached)->nodes()[1]->must(Command::of({"true"})));
  }
  REQUIRE(docker({"kill", docker_container(options.name, "n2")}));
  const auto anew = docker_up(options);
  REQUIRE(anew);
  CHECK((*anew)->nodes()[1]->must(Command::of({"true"})));
}

TEST_CASE("bringing up what cannot be leaves nothing behind") {
  if (!docker_for_tests()) return;
  DockerClusterOptions options = test_cluster_options("fail", 2);
  const DownAtEnd down{options.name};

  options.image = "gauntlet-no-such-image:none";
  const auto no_image = docker_up(options);
  REQUIRE_FALSE(no_image.has_value());
  CHECK(no_image.error().kind == ErrorKind::resource);
  CHECK(mentions(no_image.error(), "docker/build-image"));

  options.image.clear();
  options.environment = {"GAUNTLET_AUTHORIZED_KEY=none"};  // so that no login works
  const auto no_login = docker_up(options);
  REQUIRE_FALSE(no_login.has_value());
  CHECK(mentions(no_login.error(), "refuses the login"));
  CHECK(containers_of(options.name) == 0);
  CHECK_FALSE(has_network(options.name));

  options.environment.clear();
  const std::atomic<bool> stop{true};
  options.stop = &stop;
  const auto stopped = docker_up(options);
  REQUIRE_FALSE(stopped.has_value());
  CHECK(stopped.error().kind == ErrorKind::interrupted);
  CHECK(containers_of(options.name) == 0);
  CHECK_FALSE(has_network(options.name));

  for (const char* name :
       {"", "-x", "A", "a/b", "a b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    options.name = name;
    CHECK(docker_up(options).error().kind == ErrorKind::usage);
  }
}

TEST_CASE("a subnet is the one asked for, or one that is free") {
  if (!docker_for_tests()) return;
  DockerClusterOptions options = test_cluster_options("subnet", 1);
  options.subnet = "10.214.200.0/26";
  const TestCluster cluster(options);
  CHECK(cluster->controller_address() == "10.214.200.1");
  CHECK(cluster.node("n1").address() == "10.214.200.11");

  options.name += "-b";
  for (const char* taken : {"10.214.200.0/24", "10.214.0.0/16", "127.0.0.0/8"}) {
    options.subnet = taken;
    const auto refused = docker_up(options);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::conflict);
    CHECK(mentions(refused.error(), "is in use by"));
  }
  for (const char* wrong : {"10.214.201.0/29", "10.214.201.1/24", "fd00::/64", "x"}) {
    options.subnet = wrong;
    CHECK(docker_up(options).error().kind == ErrorKind::usage);
  }
  CHECK_FALSE(has_network(options.name));
}

TEST_CASE("a person can see the nodes and log in") {
  if (!docker_for_tests()) return;
  const TestCluster cluster(test_cluster_options("person", 1));
  const auto nodes = docker_status();
  REQUIRE(nodes);
  const auto found = std::find_if(nodes->begin(), nodes->end(),
                                  [&](const auto& node) { return node.cluster == cluster.name(); });
  REQUIRE(found != nodes->end());
  CHECK(found->node == "n1");
  CHECK(found->state == "running");
  CHECK(found->address == cluster.node("n1").address());

  auto command = docker_ssh_command(cluster.name(), "n1");
  REQUIRE(command);
  command->insert(command->end(), {"hostname; id -un"});
  const auto said = run_process(LocalProgram{.argv = *command});
  REQUIRE(said);
  CHECK(said->output == "n1\nroot\n");
  CHECK(docker_ssh_command(cluster.name(), "n9").error().kind == ErrorKind::usage);
}

TEST_CASE("nodes have the capabilities that faults need, and no others") {
  if (!docker_for_tests()) return;
  const TestCluster cluster(test_cluster_options("caps", 1));
  Node& node = cluster.node("n1");
  CHECK(node.must(
      Command::shell("nft -f - <<'EOF'\ntable inet t { }\nEOF\nnft delete table inet t")));
  const auto set_clock = node.run(Command::shell("date -s @$(date +%s)"));
  REQUIRE(set_clock);
  CHECK(set_clock->exit_code != 0);
  const auto limits = docker({"inspect", "--format",
                              "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} "
                              "{{.HostConfig.Privileged}}",
                              docker_container(cluster.name(), "n1")});
  REQUIRE(limits);
  CHECK(*limits == "2147483648 8192 false\n");
  const auto network =
      docker({"network", "inspect", "--format", "{{.Internal}}", "gauntlet-" + cluster.name()});
  REQUIRE(network);
  CHECK(*network == "true\n");
}
