// The first faults on five real nodes with etcd: injected, seen from outside, healed, seen gone.
#include "nemesis/nemesis.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <thread>

#include "harness/control/daemon.hpp"
#include "harness/generator/generators.hpp"
#include "nemesis/addresses.hpp"
#include "nemesis/grudge.hpp"
#include "nemesis/heal.hpp"
#include "tests/integration/arena.hpp"

using namespace gauntlet;
using std::chrono::milliseconds;
using std::chrono::seconds;

extern char** environ;

namespace {

/// Five containers, made for the first test of this file and removed at the end.
TestCluster& five_nodes() {
  static TestCluster cluster(test_cluster_options("nemesis", 5));
  return cluster;
}

using Pairs = std::set<std::pair<std::string, std::string>>;

/// All pairs of which the first gets an answer to a ping of the second.
Pairs reachable_pairs(const Cluster& cluster) {
  const auto nodes = cluster.nodes();
  std::string script;
  for (const Node* node : nodes) {
    script += fmt::format("(ping -n -q -c 1 -W 1 {} >/dev/null && echo {}) &\n", node->address(),
                          node->name());
  }
  const auto answers = on_each<CommandResult>(
      nodes, [&](Node& node) { return node.run(Command::shell(script + "wait")); });
  Pairs pairs;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    REQUIRE(answers[i]);
    std::istringstream lines(answers[i]->output);
    for (std::string name; lines >> name;)
      pairs.emplace(nodes[i]->name(), name);
  }
  return pairs;
}

Pairs pairs_linked_by(const Cluster& cluster, const Grudge& grudge) {
  Pairs pairs;
  for (const Node* a : cluster.nodes()) {
    for (const Node* b : cluster.nodes()) {
      if (linked(grudge, a->name(), b->name())) pairs.emplace(a->name(), b->name());
    }
  }
  return pairs;
}

Grudge grudge_of(const Value& value) {
  Grudge grudge;
  for (const auto& [listener, speakers] : value.find("grudge")->entries()) {
    for (const auto& speaker : names_from(&speakers))
      grudge[listener].insert(speaker);
  }
  return grudge;
}

}  // namespace

TEST_CASE("partitions of every shape cut what they say, and nothing is left of them") {
  if (!docker_for_tests()) return;
  Arena arena(five_nodes(), false);
  const Pairs all = pairs_linked_by(arena.cluster, {});
  REQUIRE(reachable_pairs(arena.cluster) == all);
  for (const char* request :
       {"partition:shape=one", "partition:shape=halves", "partition:shape=majorities-ring",
        "partition:shape=bridge", "partition:shape=one-way", "partition:shape=all",
        "partition:shape=isolate:targets=n2+n4", "partition:grudge=n1~n2+n3/n4>n5"}) {
    CAPTURE(request);
    const Value injected = arena.inject(request);
    CHECK(took_effect(injected));
    const Grudge grudge = grudge_of(injected);
    CHECK(reachable_pairs(arena.cluster) == pairs_linked_by(arena.cluster, grudge));
    const Value healed = arena.heal("partition", injected);
    CHECK(took_effect(healed));
    // Each pair that is cut was probed at least once.
    std::size_t cut = 0;
    for (const auto& [listener, speakers] : grudge)
      cut += speakers.size();
    CHECK(number_before(healed.find("evidence")->string(), " packet") >=
          static_cast<std::int64_t>(cut));
    CHECK(reachable_pairs(arena.cluster) == all);
  }
  CHECK(arena.residue().empty());
}

TEST_CASE("a one-way cut loses the packets of one direction only") {
  if (!docker_for_tests()) return;
  Arena arena(five_nodes(), false);
  Node& n1 = five_nodes().node("n1");
  Node& n2 = five_nodes().node("n2");
  const auto echoes = [](Node& node) {
    const auto result =
        node.must(Command::shell("awk '/^Icmp:/ && n++ {print $10}' /proc/net/snmp"));  // InEchos
    REQUIRE(result);
    return std::stoll(result->output);
  };
  const auto ping = [](Node& from, const Node& to) {
    return from.run(Command::of({"ping", "-c", "3", "-i", "0.1", "-W", "1", to.address()}));
  };
  const Value injected = arena.inject("partition:grudge=n1>n2");
  CHECK(took_effect(injected));
  const auto before_1 = echoes(n1), before_2 = echoes(n2);
  CHECK_FALSE(ping(n1, n2)->succeeded());
  CHECK(echoes(n2) == before_2);
  CHECK_FALSE(ping(n2, n1)->succeeded());  // n1 hears it; its answers are lost
  CHECK(echoes(n1) == before_1 + 3);
  CHECK(took_effect(arena.heal("partition", injected)));
  CHECK(ping(n1, n2)->succeeded());
}

TEST_CASE("partitions apply and heal fast on open connections") {
  if (!docker_for_tests()) return;
  Arena arena(five_nodes(), false);
  std::vector<std::int64_t> apply_ms, inject_ms, heal_ms;
  for (int round = 0; round < 10; ++round) {
    const Nanos start = monotonic_now();
    const Value injected = arena.inject("partition:shape=majorities-ring");
    const Nanos middle = monotonic_now();
    const Value healed = arena.heal("partition", injected);
    heal_ms.push_back((monotonic_now() - middle) / nanos_per_millisecond);
    inject_ms.push_back((middle - start) / nanos_per_millisecond);
    apply_ms.push_back(number_before(injected.find("evidence")->string(), " ms"));
    CHECK(healed.find("took_effect")->boolean());
  }
  const auto quartiles = [](std::vector<std::int64_t>& of) {
    std::ranges::sort(of);
    return fmt::format("{} / {} / {}", of.front(), of[of.size() / 2], of.back());
  };
  MESSAGE("ms, least / median / most: rules in force " << quartiles(apply_ms) << ", proven "
                                                       << quartiles(inject_ms) << ", healed "
                                                       << quartiles(heal_ms));
  CHECK(apply_ms.front() < 150);
  CHECK(heal_ms.front() < 150);
}

TEST_CASE("partitions that overlap are healed independently") {
  if (!docker_for_tests()) return;
  Arena arena(five_nodes(), false);
  const Value first = arena.inject("partition:grudge=n1~n2+n3");
  const Value second = arena.inject("partition:grudge=n1~n3+n4");
  CHECK(took_effect(second));
  CHECK(took_effect(arena.heal("partition", first)));
  const Grudge left = grudge_of(second);
  CHECK(reachable_pairs(arena.cluster) == pairs_linked_by(arena.cluster, left));
  CHECK(took_effect(arena.act("heal-all")));
  CHECK(reachable_pairs(arena.cluster) == pairs_linked_by(arena.cluster, {}));
}

TEST_CASE("where nft does not work iptables does") {
  if (!docker_for_tests()) return;
  Arena arena(five_nodes(), false);
  const auto move = [&](const char* from, const char* to) {
    for (Node* node : arena.cluster.nodes())
      REQUIRE(node->must(Command::of({"mv", from, to}).root()));
  };
  move("/usr/sbin/nft", "/usr/sbin/nft.away");
  const Value injected = arena.inject("partition:shape=bridge");
  const Pairs cut = reachable_pairs(arena.cluster);
  const std::string found = arena.residue();
  const Value healed = arena.heal("partition", injected);
  const Value swept = arena.inject("partition:shape=halves");
  const auto summary = sweep(arena.context());
  const std::string left = arena.residue();
  move("/usr/sbin/nft.away", "/usr/sbin/nft");

  CHECK(took_effect(injected));
  CHECK(cut == pairs_linked_by(arena.cluster, grudge_of(injected)));
  CHECK(found.find("chain gauntlet_partition_") != std::string::npos);
  CHECK(took_effect(healed));
  CHECK(summary.clean());
  CHECK(summary.removed.size() == 5);
  CHECK(left.empty());
  CHECK(arena.residue().empty());
  CHECK(reachable_pairs(arena.cluster) == pairs_linked_by(arena.cluster, {}));
}

TEST_CASE("primaries are cut off, and lead again after the heal") {
  if (!docker_for_tests()) return;
  Arena arena(five_nodes());
  const auto before = arena.database->primaries();
  REQUIRE(before);
  REQUIRE(before->size() == 1);
  const Value injected = arena.inject("partition:shape=primaries");
  CHECK(took_effect(injected));
  CHECK(names_from(injected.find("targets")) == *before);
  CHECK_FALSE(serves(*arena.database, *arena.cluster.find(before->front()), seconds(1)));
  const auto deadline = Deadline::after(seconds(20));
  bool another_leads = false;
  while (!another_leads && !deadline.passed()) {
    const auto now = arena.database->primaries();
    another_leads =
        now && std::ranges::any_of(*now, [&](const auto& name) { return name != before->front(); });
  }
  CHECK(another_leads);
  CHECK(took_effect(arena.heal("partition", injected)));
  CHECK(arena.database->await_ready(Deadline::after(seconds(20))));
}

TEST_CASE("kill ends processes, and its heal starts them") {
  if (!docker_for_tests()) return;
  Arena arena(five_nodes());
  Node& n2 = five_nodes().node("n2");
  const Value injected = arena.inject("kill:targets=n2+n4");
  CHECK(took_effect(injected));
  CHECK(state_of(*arena.database, n2) == "-");
  CHECK_FALSE(serves(*arena.database, n2, seconds(1)));
  CHECK(serves(*arena.database, five_nodes().node("n1"), seconds(15)));
  const Value nobody = arena.inject("kill:targets=n2");
  CHECK(nobody.find("skipped")->string() == "etcd does not run on the targets");
  CHECK(took_effect(arena.heal("kill", injected)));
  CHECK(state_of(*arena.database, n2) != "-");
  CHECK(arena.database->await_ready(Deadline::after(seconds(20))));
  CHECK(serves(*arena.database, n2, seconds(15)));
}

TEST_CASE("pause stops processes, and its heal lets them go on") {
  if (!docker_for_tests()) return;
  Arena arena(five_nodes());
  Node& n3 = five_nodes().node("n3");
  const Value injected = arena.inject("pause:targets=n3");
  CHECK(took_effect(injected));
  CHECK(state_of(*arena.database, n3) == "T");
  CHECK_FALSE(serves(*arena.database, n3, seconds(1)));
  CHECK(arena.residue().find("n3: process ") == 0);
  CHECK(took_effect(arena.heal("pause", injected)));
  CHECK(state_of(*arena.database, n3) != "T");
  CHECK(arena.residue().empty());
  CHECK(arena.database->await_ready(Deadline::after(seconds(20))));
}

TEST_CASE(
    "a process that was killed and started meanwhile is not touched by the end of its pause") {
  if (!docker_for_tests()) return;
  Arena arena(five_nodes());
  Node& n3 = five_nodes().node("n3");
  const Value pause = arena.inject("pause:targets=n3");
  const Value kill = arena.inject("kill:targets=n3");
  CHECK(took_effect(kill));
  const Value gone = arena.heal("pause", pause);
  CHECK(took_effect(gone));
  CHECK(gone.find("evidence")->string().find("1 ended meanwhile") != std::string::npos);
  CHECK(took_effect(arena.heal("kill", kill)));
  // Another pause of the new process is not ended by a second heal of the old one.
  const Value second = arena.inject("pause:targets=n3");
  CHECK(took_effect(second));
  const Fault* fault = FaultRegistry::instance().find("pause");
  CHECK(fault->heal(arena.context(), pause).took_effect);
  CHECK(state_of(*arena.database, n3) == "T");
  CHECK(took_effect(arena.act("heal-all")));
  CHECK(state_of(*arena.database, n3) != "T");
}

TEST_CASE("a container that restarts has lost its rules; the heal is a success") {
  if (!docker_for_tests()) return;
  Arena arena(five_nodes(), false);
  const Value injected = arena.inject("partition:shape=all");
  CHECK(took_effect(injected));
  REQUIRE(docker({"restart", "--time", "0", docker_container(five_nodes().name(), "n2")}));
  CHECK(took_effect(arena.heal("partition", injected)));
  CHECK(reachable_pairs(arena.cluster) == pairs_linked_by(arena.cluster, {}));
  CHECK(arena.residue().empty());
}

// The controller that is killed in mid-fault: this program once more, told by its environment.
TEST_CASE("controller to be killed" * doctest::skip()) {
  const char* cluster_name = std::getenv("GAUNTLET_TEST_CLUSTER");
  const char* ledger_path = std::getenv("GAUNTLET_TEST_LEDGER");
  const char* seed = std::getenv("GAUNTLET_TEST_SEED");
  REQUIRE((cluster_name != nullptr && ledger_path != nullptr && seed != nullptr));
  DockerClusterOptions options;
  options.name = cluster_name;
  auto cluster = docker_attach(options);
  REQUIRE(cluster);
  const auto database = database_on(**cluster, "etcd");
  const auto ledger = FaultLedger::create(ledger_path);
  REQUIRE(ledger);
  NemesisClient nemesis({cluster->get(), database.get()}, **ledger, std::stoull(seed));
  const auto requests = *parse_fault_requests("partition,pause,kill,pause:targets=all");
  const auto deadline = Deadline::after(seconds(120));  // should nobody be left to kill it
  for (std::size_t i = 0; !deadline.passed(); ++i) {
    const auto& request = requests[i % requests.size()];
    Operation act =
        operation("inject-" + request.name, Value::map({{"parameters", request.parameters}}));
    nemesis.invoke(act, Deadline::never());
    if (i % 4 != 3) continue;
    Operation heal = operation("heal-all");
    nemesis.invoke(heal, Deadline::never());
  }
}

namespace {

/// Runs the test case above in a process of its own.
pid_t spawn_controller(const std::string& cluster, const std::string& ledger, int seed) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  std::vector<std::string> texts = {"GAUNTLET_TEST_CLUSTER=" + cluster,
                                    "GAUNTLET_TEST_LEDGER=" + ledger,
                                    "GAUNTLET_TEST_SEED=" + std::to_string(seed)};
  std::vector<char*> environment = {texts[0].data(), texts[1].data(), texts[2].data()};
  for (char** variable = environ; *variable != nullptr; ++variable)
    environment.push_back(*variable);
  environment.push_back(nullptr);
  std::string arguments[] = {program, "--test-case=controller to be killed", "--no-skip"};
  char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
  pid_t child = -1;
  REQUIRE(posix_spawn(&child, program.c_str(), nullptr, nullptr, argv, environment.data()) == 0);
  return child;
}

}  // namespace

TEST_CASE("after kill -9 of the controller a fresh process heals all from the ledger") {
  if (!docker_for_tests()) return;
  const std::string name = test_cluster_name("nemesis-crash");
  struct Remover {
    std::string name;
    ~Remover() { (void)docker_down(name, {seconds(30)}); }
  } remover{name};
  DockerClusterOptions options;
  options.name = name;
  options.wait.time = seconds(10);
  {
    const auto cluster = docker_up(options);
    REQUIRE(cluster);
    const auto database = database_on(**cluster, "etcd");
    for (Node* node : (*cluster)->nodes())
      REQUIRE(database->start(*node));
    REQUIRE(database->await_ready(Deadline::after(seconds(30))));
  }
  std::size_t faults = 0;
  for (int round = 1; round <= 5; ++round) {
    CAPTURE(round);
    const TemporaryFolder folder;
    const std::string ledger = folder.path("faults.jsonl");
    const pid_t controller = spawn_controller(name, ledger, round);
    const auto in_place = [&] {
      const auto entries = FaultLedger::read(ledger);
      return entries ? std::ranges::count(*entries, false, &LedgerEntry::healed) : 0;
    };
    // Somewhere between the first injection and some of the later ones.
    const auto deadline = Deadline::after(seconds(60));
    while (in_place() < 1 + round % 3 && !deadline.passed())
      std::this_thread::sleep_for(milliseconds(5));
    std::this_thread::sleep_for(milliseconds(20 * round));
    REQUIRE(kill(controller, SIGKILL) == 0);
    waitpid(controller, nullptr, 0);
    const auto unhealed = in_place();
    faults += static_cast<std::size_t>(unhealed);

    const auto cluster = docker_attach(options);
    REQUIRE(cluster);
    const auto database = database_on(**cluster, "etcd");
    const FaultContext context{cluster->get(), database.get()};
    const auto summary = heal_from_ledger(ledger, context);
    REQUIRE(summary);
    for (const auto& line : summary->healed)
      MESSAGE(line);
    CHECK(summary->healed.size() == static_cast<std::size_t>(unhealed));
    CHECK(summary->removed.empty());  // the ledger knew of everything
    for (const auto& line : summary->failed)
      FAIL_CHECK(line);
    CHECK(in_place() == 0);
    CHECK(reachable_pairs(**cluster) == pairs_linked_by(**cluster, {}));
    for (Node* node : (*cluster)->nodes()) {
      const auto tables = node->must(Command::shell("nft list tables").root());
      REQUIRE(tables);
      CHECK(tables->output.find("gauntlet") == std::string::npos);
      const std::string state = state_of(*database, *node);
      CHECK(state != "T");
      CHECK(state != "-");
    }
    CHECK(database->await_ready(Deadline::after(seconds(30))));
    CHECK(heal_from_ledger(ledger, context)->healed.empty());
  }
  CHECK(faults >= 5);
}

TEST_CASE("without any ledger a sweep finds what was left") {
  if (!docker_for_tests()) return;
  Arena arena(five_nodes());
  CHECK(took_effect(arena.inject("pause:targets=minority")));
  CHECK(took_effect(arena.inject("partition:shape=all")));
  const auto summary = sweep(arena.context());
  CHECK(summary.clean());
  CHECK(summary.removed.size() == 5 + 2);
  CHECK(arena.residue().empty());
  CHECK(sweep(arena.context()).removed.empty());
  CHECK(reachable_pairs(arena.cluster) == pairs_linked_by(arena.cluster, {}));
}
