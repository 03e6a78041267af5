// Faults on machines with kernels of their own: clocks that are set, netem.
//
// Opt-in: GAUNTLET_MACHINES is the folder that `docker/machines up` prints (HACKING.md).
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <thread>

#include "base/wall_clock.hpp"
#include "harness/control/host_cluster.hpp"
#include "nemesis/heal.hpp"
#include "tests/integration/arena.hpp"

using namespace gauntlet;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// The machines' cluster, or nullptr where none are there.
std::unique_ptr<Cluster> machines_for_tests() {
  const char* const folder = std::getenv("GAUNTLET_MACHINES");
  if (folder == nullptr) return nullptr;
  const std::string path(folder);
  auto hosts = read_nodes_file(path + "/nodes");
  REQUIRE(hosts);
  HostClusterOptions options;
  options.hosts = *hosts;
  options.identity_file = path + "/key";
  options.known_hosts_file = path + "/known_hosts";
  options.agent = false;
  auto cluster = connect_hosts(options);
  REQUIRE(cluster);
  return std::move(*cluster);
}

/// How far the machine's clock is ahead of ours, in seconds, as `date` says.
double ahead_s(Node& node) {
  const Nanos before = wall_now();
  const auto told = node.must(Command::of({"date", "+%s%N"}));
  const Nanos after = wall_now();
  REQUIRE(told);
  return static_cast<double>(std::stoll(told->output) - (before + after) / 2) / 1e9;
}

std::string output_of(Node& node, const std::string& script) {
  const auto result = node.must(Command::shell(script).root().within(seconds(60)));
  REQUIRE(result);
  return result->output;
}

/// On all nodes, of one fault: a sweep of all takes its time on machines in software.
std::string residue_of(const char* fault, Arena& arena) {
  std::string found;
  for (Node* node : arena.cluster.nodes()) {
    const auto text = FaultRegistry::instance().find(fault)->residue(arena.context(), *node);
    REQUIRE(text);
    found += *text;
  }
  return found;
}

bool is_near(double a, double b) {
  return std::abs(a - b) < 0.5;  // virtual machines in software, on a busy machine
}

}  // namespace

TEST_CASE("machines: clocks are bumped, strobed and put on the wrong pace, and right again") {
  const auto cluster = machines_for_tests();
  if (!cluster) return;
  Arena arena(*cluster, false, "redis");
  Node& node = *cluster->nodes().front();
  // What keeps time is stopped meanwhile.
  output_of(node,
            "cp $(readlink -f $(command -v sleep)) /tmp/ntpd; /tmp/ntpd 600 >/dev/null 2>&1 &");
  const auto state_of_ntpd = [&] { return output_of(node, "ps -o stat= -C ntpd | cut -c1"); };
  const double right = ahead_s(node);
  for (const auto& [request, expected] : std::map<std::string, double>{
           {"clock-bump:of=machine:offset=1h:targets=all", 3600},
           {"clock-bump:of=machine:offset=-1h:targets=all", -3600},
           {"clock-strobe:of=machine:delta=2h:period=50ms:targets=all", 0},
           {"clock-drift:of=machine:rate=5000:targets=all", 0}}) {
    CAPTURE(request);
    const Value injected = arena.inject(request);
    CHECK(took_effect(injected));
    CHECK(state_of_ntpd() == "T\n");
    if (expected != 0) CHECK(is_near(ahead_s(node), right + expected));
    if (request.find("drift") != std::string::npos) {
      std::this_thread::sleep_for(seconds(2));
      CHECK(ahead_s(node) > right + 5);
    }
    CHECK(residue_of("clock-bump", arena).find("the machine's clock is off") != std::string::npos);
    const std::string name = request.substr(0, request.find(':'));
    CHECK(took_effect(arena.heal(name, injected)));
    CHECK(is_near(ahead_s(node), right));
    CHECK(state_of_ntpd() == "S\n");
    CHECK(residue_of("clock-bump", arena) == "");
  }
  output_of(node, "kill $(ps -o pid= -C ntpd)");
}

TEST_CASE(
    "machines: a clock is restored after the agent or the controller was killed, or a reboot") {
  const auto cluster = machines_for_tests();
  if (!cluster) return;
  Arena arena(*cluster, false, "redis");
  Node& node = *cluster->nodes().front();
  const std::string name = node.name();
  const double right = ahead_s(node);
  const std::string bump = "clock-bump:of=machine:offset=1h:targets=" + name;

  CHECK(took_effect(arena.inject(bump)));
  output_of(node, "kill -9 $(cat /run/gauntlet/agent/lock)");
  CHECK(is_near(ahead_s(node), right + 3600));
  auto summary = heal_from_ledger(arena.ledger_path(), {cluster.get(), arena.database.get()});
  REQUIRE(summary);
  CHECK(summary->clean());
  CHECK(is_near(ahead_s(node), right));
  CHECK(residue_of("clock-bump", arena) == "");

  // The dead-man's switch: the channel is lost, and nobody asks again.
  {
    AgentLinks agents;
    REQUIRE(agents.call(node, {"machine-clock", "put", "test", "fixed", "3600000000000", "0"},
                        Deadline::after(seconds(60))));
    CHECK(is_near(ahead_s(node), right + 3600));
  }
  for (int left = 100; left > 0 && !is_near(ahead_s(node), right); --left)
    std::this_thread::sleep_for(milliseconds(100));
  CHECK(is_near(ahead_s(node), right));

  // Its hardware clock keeps what is wrong, as after an orderly shutdown that writes it there.
  CHECK(took_effect(arena.inject(bump)));
  output_of(
      node,
      "busybox hwclock -w -u; sync; (sleep 1; echo b >/proc/sysrq-trigger) >/dev/null 2>&1 &");
  std::this_thread::sleep_for(seconds(3));
  const auto deadline = Deadline::after(seconds(300));
  while (!node.run(Command::of({"true"})) && !deadline.passed())
    std::this_thread::sleep_for(seconds(1));
  CHECK(is_near(ahead_s(node), right + 3600));
  summary = heal_from_ledger(arena.ledger_path(), {cluster.get(), arena.database.get()});
  REQUIRE(summary);
  CHECK(summary->clean());
  for (const auto& healed : summary->healed)
    MESSAGE(healed);
  CHECK(is_near(ahead_s(node), right));
}

TEST_CASE(
    "machines: netem holds and loses packets, lets the queue do what is beyond it, and goes") {
  const auto cluster = machines_for_tests();
  if (!cluster) return;
  Arena arena(*cluster, false, "redis");
  Node& node = *cluster->nodes().front();
  const std::string peer = cluster->nodes().back()->address();
  const auto ping_ms = [&] {
    const std::string summary =
        output_of(node, fmt::format("ping -n -q -c 20 -i 0.1 {} | sed -n 's/^rtt.*= //p'", peer));
    MESSAGE("ping: " << summary);
    return std::stod(summary);  // the least: what a busy machine adds is no delay of ours
  };
  const auto rules = [&] {
    return output_of(node, "tc qdisc show; ls /sys/class/net; iptables-save -t raw | grep -v '^#'");
  };
  const auto evidence = [](const Value& value) { return value.find("evidence")->string(); };
  for (Node* each : cluster->nodes())  // uploaded once
    REQUIRE(arena.agents.call(*each, {"ping"}, Deadline::after(seconds(60))));
  (void)took_effect(arena.heal("delay", arena.inject("delay:delay_ms=1")));  // tables are made
  const std::string before = rules();
  const double usual_ms = ping_ms();

  const Value delay = arena.inject("delay:delay_ms=100:targets=" + node.name());
  CHECK(took_effect(delay));
  CHECK(evidence(delay).find("(by netem)") != std::string::npos);
  const double delayed_ms = ping_ms();
  CHECK(delayed_ms > usual_ms + 190);
  CHECK(delayed_ms < usual_ms + 260);
  CHECK(residue_of("delay", arena).find("netem by g-dela-") != std::string::npos);
  CHECK(residue_of("reorder", arena) == "");
  const Value reorder = arena.inject("reorder:targets=" + node.name());  // netem is taken
  CHECK(took_effect(reorder));
  CHECK(evidence(reorder).find("netem") == std::string::npos);
  CHECK(took_effect(arena.heal("reorder", reorder)));
  CHECK(took_effect(arena.heal("delay", delay)));
  CHECK(ping_ms() < usual_ms + 50);

  for (const char* const request :
       {"loss:probability=0.5:burst=3", "reorder", "corrupt:checksum=wrong:probability=0.5",
        "delay:jitter_ms=10:order=free:distribution=pareto"}) {
    CAPTURE(request);
    const Value injected = arena.inject(request);
    CHECK(took_effect(injected));
    CHECK(evidence(injected).find("(by netem)") != std::string::npos);
    const std::string name(request,
                           std::min(std::string(request).find(':'), std::string(request).size()));
    CHECK(took_effect(arena.heal(name, injected)));
  }
  CHECK(rules() == before);
  // What is left without a ledger is found and removed.
  CHECK(took_effect(arena.inject("delay:by=netem:delay_ms=5")));
  for (Node* each : cluster->nodes())
    CHECK(FaultRegistry::instance().find("delay")->clear(arena.context(), *each));
  CHECK(residue_of("delay", arena) == "");
  CHECK(rules() == before);
}
