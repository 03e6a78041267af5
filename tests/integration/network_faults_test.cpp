// Faults on the network that the nodes' own tools make: injected, seen from outside, healed, gone.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>
#include <sstream>
#include <thread>

#include "harness/control/dial.hpp"
#include "nemesis/heal.hpp"
#include "tests/integration/throughput.hpp"

using namespace gauntlet;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// Three containers, made for the first test of this file and removed at the end.
TestCluster& three_nodes() {
  static TestCluster cluster(test_cluster_options("network", 3));
  return cluster;
}

bool connects(const Node& node, int port) {
  return dial(node.address(), port, Deadline::after(milliseconds(300))).has_value();
}

}  // namespace

TEST_CASE("lost packets are as many as asked, one way or both, and none after the heal") {
  if (!docker_for_tests()) return;
  Arena arena(three_nodes(), false);
  Node& n1 = three_nodes().node("n1");
  Node& n2 = three_nodes().node("n2");
  Node& n3 = three_nodes().node("n3");
  const Value injected = arena.inject("loss:targets=n1:peers=n2:direction=in:probability=0.3");
  CHECK(took_effect(injected));
  // What n2 sends to n1 is concerned once a ping, whoever asked.
  for (const auto& [from, to] : {std::pair{&n2, &n1}, std::pair{&n1, &n2}}) {
    const Pings seen = ping(*from, *to, 400);
    CHECK(seen.received > 400 * 0.55);
    CHECK(seen.received < 400 * 0.85);
  }
  CHECK(ping(n3, n1, 100).received == 100);
  CHECK(arena.residue().find("n1: iptables chain gauntlet_loss_") == 0);
  CHECK(took_effect(arena.heal("loss", injected)));
  CHECK(ping(n2, n1, 100).received == 100);
  CHECK(arena.residue().empty());
}

TEST_CASE("packets arrive twice") {
  if (!docker_for_tests()) return;
  Arena arena(three_nodes(), false);
  Node& n1 = three_nodes().node("n1");
  Node& n2 = three_nodes().node("n2");
  const Value injected =
      arena.inject("duplicate:targets=n1:peers=n2:direction=out:probability=0.5");
  CHECK(took_effect(injected));
  const Pings seen = ping(n2, n1, 200);
  CHECK(seen.received == 200);
  CHECK(seen.duplicates > 60);
  CHECK(seen.duplicates < 140);
  CHECK(took_effect(arena.heal("duplicate", injected)));
  CHECK(ping(n2, n1, 100).duplicates == 0);
  CHECK(arena.residue().empty());
}

TEST_CASE("throughput is held to a rate, per peer, and the interface is as before afterwards") {
  if (!docker_for_tests()) return;
  Arena arena(three_nodes(), false);
  Node& n1 = three_nodes().node("n1");
  Node& n2 = three_nodes().node("n2");
  Node& n3 = three_nodes().node("n3");
  const std::string disciplines = output_of(n1, "tc qdisc show");
  const Value ten = arena.inject("bandwidth:targets=n1:peers=n2:direction=out:rate_mbit=10");
  CHECK(took_effect(ten));
  const double held = throughput_mbit(n1, n2), free = throughput_mbit(n2, n1);
  MESSAGE("Mbit/s: " << held << " held to 10, the other way " << free);
  CHECK(held > 5);
  CHECK(held < 13);
  CHECK(free > 50);
  // Another on another link comes and goes without touching the first.
  const Value two = arena.inject("bandwidth:targets=n1:peers=n3:direction=out:rate_mbit=2");
  CHECK(took_effect(two));
  CHECK(throughput_mbit(n1, n3) < 4);
  CHECK(took_effect(arena.heal("bandwidth", two)));
  CHECK(throughput_mbit(n1, n3) > 50);
  CHECK(throughput_mbit(n1, n2) < 13);
  CHECK(took_effect(arena.heal("bandwidth", ten)));
  CHECK(output_of(n1, "tc qdisc show") == disciplines);
  CHECK(throughput_mbit(n1, n2) > 50);
  CHECK(arena.residue().empty());
}

TEST_CASE("clients are cut off while the nodes go on with each other") {
  if (!docker_for_tests()) return;
  Arena arena(three_nodes());
  Node& n1 = three_nodes().node("n1");
  Node& n2 = three_nodes().node("n2");
  for (const char* direction : {"in", "out", "both"}) {
    CAPTURE(direction);
    const Value injected =
        arena.inject(fmt::format("isolate-clients:targets=n1:direction={}", direction));
    CHECK(took_effect(injected));
    CHECK_FALSE(serves(*arena.database, n1, seconds(1)));
    CHECK(serves(*arena.database, n2, seconds(5)));
    CHECK(output_of(n2, fmt::format("timeout 2 bash -c ': </dev/tcp/{}/2379' && echo open",
                                    n1.address())) == "open\n");
    CHECK(took_effect(arena.heal("isolate-clients", injected)));
    CHECK(serves(*arena.database, n1, seconds(10)));
  }
  CHECK(arena.residue().empty());
}

TEST_CASE("established connections are reset") {
  if (!docker_for_tests()) return;
  Arena arena(three_nodes());
  Node& n1 = three_nodes().node("n1");
  // Connections between the nodes, by their ports: what was there is there no longer.
  const auto connections = [&] {
    const std::string printed =
        output_of(n1,
                  "ss -Htn state established '( sport = :2380 or dport = :2380 )' | "
                  "awk '{print $3, $4}' | sort");
    std::set<std::string> lines;
    std::istringstream words(printed);
    for (std::string line; std::getline(words, line);)
      lines.insert(line);
    return lines;
  };
  const auto before = connections();
  CHECK_FALSE(before.empty());
  const Value injected = arena.inject("reset:targets=n1");
  CHECK(took_effect(injected));
  const auto deadline = Deadline::after(seconds(15));
  const auto survivors = [&] {
    std::size_t count = 0;
    for (const auto& line : connections())
      count += before.count(line);
    return count;
  };
  // One that is silent all the while is reset only once it speaks.
  while (survivors() > before.size() / 2 && !deadline.passed())
    std::this_thread::sleep_for(milliseconds(100));
  CHECK(survivors() <= before.size() / 2);
  CHECK(took_effect(arena.heal("reset", injected)));
  CHECK(serves(*arena.database, n1, seconds(15)));

  // Clients' connections: a refusal comes at once, unlike a drop.
  const Value clients = arena.inject("reset:targets=n1:of=clients");
  CHECK(took_effect(clients));
  const auto start = monotonic_now();
  CHECK_FALSE(connects(n1, 2379));
  CHECK(monotonic_now() - start < 250 * nanos_per_millisecond);
  CHECK(took_effect(arena.heal("reset", clients)));
  CHECK(connects(n1, 2379));
  // One that ends by itself.
  const Value brief = arena.inject("reset:targets=n1:of=both:for_ms=300");
  CHECK(took_effect(brief));
  CHECK(arena.residue().empty());
  CHECK(connects(n1, 2379));
  CHECK(took_effect(arena.heal("reset", brief)));
}

TEST_CASE("a node is unplugged for all but the controller's SSH") {
  if (!docker_for_tests()) return;
  Arena arena(three_nodes());
  Node& n1 = three_nodes().node("n1");
  Node& n2 = three_nodes().node("n2");
  const Value injected = arena.inject("link-down:targets=n1");
  CHECK(took_effect(injected));
  CHECK(ping(n2, n1, 3).received == 0);
  CHECK(ping(n1, n2, 3).received == 0);
  CHECK_FALSE(connects(n1, 2379));
  CHECK(connects(n1, 22));
  CHECK(serves(*arena.database, n2, seconds(10)));
  CHECK(took_effect(arena.heal("link-down", injected)));
  CHECK(ping(n2, n1, 3).received == 3);
  CHECK(serves(*arena.database, n1, seconds(15)));
  CHECK(arena.residue().empty());
}

TEST_CASE("faults on the same link are healed independently, and a sweep finds all of them") {
  if (!docker_for_tests()) return;
  Arena arena(three_nodes(), false);
  Node& n1 = three_nodes().node("n1");
  Node& n2 = three_nodes().node("n2");
  const Value some = arena.inject("loss:targets=n1:peers=n2:probability=0.5");
  const Value all = arena.inject("loss:targets=n1:peers=n2:probability=1");
  const Value twice = arena.inject("duplicate:targets=n1:peers=n3:probability=1");
  const Value slow = arena.inject("bandwidth:targets=n2:peers=n3:direction=out");
  CHECK(ping(n1, n2, 10).received == 0);
  CHECK(took_effect(arena.heal("loss", all)));
  const Pings seen = ping(n1, n2, 200);
  CHECK(seen.received > 0);
  CHECK(seen.received < 200);
  const auto summary = sweep(arena.context());
  CHECK(summary.clean());
  CHECK(summary.removed.size() == 5);
  CHECK(ping(n1, n2, 100).received == 100);
  CHECK(took_effect(arena.act("heal-all")));
}
