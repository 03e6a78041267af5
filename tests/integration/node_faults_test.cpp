// Faults on whole nodes and on what processes live on: seen from outside, healed, gone.
#include <doctest/doctest.h>

#include <string>

#include "nemesis/heal.hpp"
#include "tests/integration/arena.hpp"

using namespace gauntlet;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// What Docker says of a node's container.
std::string inspected(const TestCluster& cluster, const std::string& node,
                      const std::string& field) {
  const auto text =
      docker({"inspect", "--format", "{{" + field + "}}", docker_container(cluster.name(), node)});
  REQUIRE(text);
  return text->substr(0, text->find('\n'));
}

std::string state_of_container(const TestCluster& cluster, const std::string& node) {
  return inspected(cluster, node, ".State.Status");
}

bool answers(Node& node) {
  return node.run(Command::of({"true"}).within(seconds(5))).has_value();
}

std::string residue_of(const char* fault, Arena& arena, Node& node) {
  const auto found = FaultRegistry::instance().find(fault)->residue(arena.context(), node);
  REQUIRE(found);
  return *found;
}

void pause_and_resume(TestCluster& cluster, Arena& arena) {
  Node& first = cluster.node("n1");
  const Value paused = arena.inject("pause-node:targets=n1");
  CHECK(took_effect(paused));
  CHECK(state_of_container(cluster, "n1") == "paused");
  CHECK(state_of_container(cluster, "n2") == "running");
  CHECK_FALSE(serves(*arena.database, first, seconds(1)));
  const auto soon = Deadline::after(seconds(1));
  CHECK_FALSE(answers(first));
  CHECK_FALSE(soon.passed());
  CHECK(took_effect(arena.heal("pause-node", paused)));
  CHECK(state_of_container(cluster, "n1") == "running");
  CHECK(answers(first));
}

/// What a killed controller left: a kill, and then a pause, which hides it.
void heal_from_outside(TestCluster& cluster, Arena& arena) {
  CHECK(took_effect(arena.inject("kill:targets=n1")));
  CHECK(took_effect(arena.inject("pause-node:targets=n1+n2")));
  const FaultContext fresh{&arena.cluster, arena.database.get()};
  const auto begin = Deadline::after(seconds(10));
  const auto healed = heal_from_ledger(arena.ledger_path(), fresh);
  CHECK_FALSE(begin.passed());
  REQUIRE(healed);
  CHECK(healed->clean());
  CHECK(healed->healed.size() == 2);
  CHECK(healed->removed.empty());
  CHECK(state_of(*arena.database, cluster.node("n1")) != "-");
  // Without a ledger.
  CHECK(took_effect(arena.inject("pause-node:targets=n3")));
  const HealSummary swept = sweep(fresh);
  CHECK(swept.clean());
  CHECK(swept.removed.size() == 1);
  CHECK(state_of_container(cluster, "n3") == "running");
  // Our own nemesis does not know, and would keep n1 dead for its kill.
  CHECK(took_effect(arena.act("heal-all")));
}

void restart(TestCluster& cluster, Arena& arena) {
  Node& first = cluster.node("n1");
  const auto written = first.must(Command::shell("echo kept >/var/tmp/kept; cat /proc/1/stat"));
  REQUIRE(written);
  const std::string before = inspected(cluster, "n1", ".State.StartedAt");
  const Value restarted = arena.inject("restart-node:targets=n1");
  CHECK(took_effect(restarted));
  CHECK(inspected(cluster, "n1", ".State.StartedAt") != before);
  CHECK(state_of(*arena.database, first) == "-");
  const auto kept = first.must(Command::shell("cat /var/tmp/kept /proc/1/stat"));
  REQUIRE(kept);
  CHECK(kept->output.starts_with("kept\n"));
  CHECK(kept->output != "kept\n" + written->output);
  CHECK(took_effect(arena.heal("restart-node", restarted)));
  CHECK(serves(*arena.database, first, seconds(10)));

  const Value off = arena.inject("restart-node:targets=n2:back=at-heal");
  CHECK(took_effect(off));
  CHECK(state_of_container(cluster, "n2") == "exited");
  CHECK(serves(*arena.database, first, seconds(10)));
  CHECK(took_effect(arena.heal("restart-node", off)));
  CHECK(serves(*arena.database, cluster.node("n2"), seconds(10)));
}

std::string printed(Node& node, const std::string& script) {
  const auto result = node.must(Command::shell(script));
  REQUIRE(result);
  return result->output.substr(0, result->output.find('\n'));
}

/// How often of 50 looks within about a second the process is found in state T.
int times_stopped(Node& node, std::int64_t pid) {
  return std::stoi(printed(node, "n=0; for i in $(seq 50); do grep -q '^State:.T' /proc/" +
                                     std::to_string(pid) +
                                     "/status && n=$((n+1)); sleep 0.011; done; echo $n"));
}

std::int64_t pid_of(const Database& database, Node& node) {
  const auto status = daemon_status(node, database.processes(node).front());
  REQUIRE(status);
  return status->running ? status->pid : 0;
}

void slow_down(TestCluster& cluster, Arena& arena) {
  Node& first = cluster.node("n1");
  const std::int64_t pid = pid_of(*arena.database, first);
  const Value slow = arena.inject("slow:targets=n1:share=30:period_ms=50");
  CHECK(took_effect(slow));
  const int stopped = times_stopped(first, pid);
  CAPTURE(stopped);
  CHECK(stopped >= 20);
  CHECK(stopped < 50);
  CHECK(residue_of("slow", arena, first).find("stopped for a share of the time") !=
        std::string::npos);
  CHECK(took_effect(arena.heal("slow", slow)));
  CHECK(state_of(*arena.database, first) != "T");
  CHECK(pid_of(*arena.database, first) == pid);
}

/// As when the agent dies between SIGSTOP and SIGCONT.
void slow_until_the_agent_dies(TestCluster& cluster, Arena& arena) {
  Node& first = cluster.node("n1");
  const std::int64_t pid = pid_of(*arena.database, first);
  const Value slow = arena.inject("slow:targets=n1:share=1:period_ms=5000");
  CHECK(took_effect(slow));
  CHECK(state_of(*arena.database, first) == "T");
  printed(first, "kill -KILL $(cat /run/gauntlet/agent/lock)");
  CHECK(state_of(*arena.database, first) == "T");
  const FaultContext fresh{&arena.cluster, arena.database.get()};
  CHECK(FaultRegistry::instance().find("slow")->clear(fresh, first));
  CHECK(state_of(*arena.database, first) != "T");
  CHECK(residue_of("slow", arena, first).empty());
  CHECK(took_effect(arena.heal("slow", slow)));
  CHECK(pid_of(*arena.database, first) == pid);
}

void few_files(TestCluster& cluster, Arena& arena) {
  Node& first = cluster.node("n1");
  const std::string limits =
      "grep 'open files' /proc/" + std::to_string(pid_of(*arena.database, first)) + "/limits";
  const std::string before = printed(first, limits);
  const Value few = arena.inject("files:targets=n1:spare=2");
  CHECK(took_effect(few));
  CHECK(printed(first, limits) != before);
  std::vector<ClientPtr> clients;
  for (int i = 0; i < 5; ++i) {
    auto client = arena.database->open_client(first, Deadline::after(seconds(1)));
    if (!client) continue;
    Operation read = operation("read", {}, Value(0));
    (*client)->invoke(read, Deadline::after(milliseconds(300)));
    if (read.type == OperationType::ok) clients.push_back(std::move(*client));
  }
  CHECK(clients.size() <= 2);
  const std::string log = arena.database->log_files(first).front();
  CHECK(printed(first, "grep -c 'Too many open files' " + log) != "0");
  CHECK(took_effect(arena.heal("files", few)));
  CHECK(printed(first, limits) == before);
  CHECK(serves(*arena.database, first, seconds(5)));
}

void stress(TestCluster& cluster, Arena& arena) {
  const Value computing = arena.inject("cpu-stress:targets=n1:threads=2");
  CHECK(took_effect(computing));
  const Value writing = arena.inject("io-stress:targets=n2:mib=4");
  CHECK(took_effect(writing));
  const std::string threads = "ls /proc/$(cat /run/gauntlet/agent/lock)/task | wc -l";
  CHECK(printed(cluster.node("n1"), threads) == "3");
  CHECK(residue_of("cpu-stress", arena, cluster.node("n1")).find("kept busy: cpu-stress") !=
        std::string::npos);
  CHECK(took_effect(arena.heal("cpu-stress", computing)));
  CHECK(took_effect(arena.heal("io-stress", writing)));
}

void little_memory(TestCluster& cluster, Arena& arena) {
  Node& first = cluster.node("n1");
  const std::string before = inspected(cluster, "n1", ".HostConfig.Memory");
  const Value limited = arena.inject("memory:targets=n1:spare_mib=8");
  CHECK(took_effect(limited));
  CHECK(inspected(cluster, "n1", ".HostConfig.Memory") != before);
  CHECK(inspected(cluster, "n2", ".HostConfig.Memory") == before);
  // More than it may have: the kernel ends something.
  (void)first.run(
      Command::shell("head -c 64m /dev/zero | tail -c 64m >/dev/null").within(seconds(5)));
  const auto killed = printed(first,
                              "cd /sys/fs/cgroup; grep -h '^oom_kill ' "
                              "memory/memory.oom_control memory.events 2>/dev/null || :");
  CHECK(killed.starts_with("oom_kill "));
  CHECK(killed != "oom_kill 0");
  CHECK_FALSE(residue_of("memory", arena, first).empty());
  CHECK(took_effect(arena.heal("memory", limited)));
  CHECK(inspected(cluster, "n1", ".HostConfig.Memory") == before);
  CHECK(serves(*arena.database, first, seconds(10)));
}

}  // namespace

TEST_CASE("nodes are paused, restarted, slowed, and short of files, memory and processors") {
  if (!docker_for_tests()) return;
  TestCluster cluster(test_cluster_options("nodes", 3));
  {
    Arena arena(cluster, true, "etcd");
    pause_and_resume(cluster, arena);
    heal_from_outside(cluster, arena);
    restart(cluster, arena);
    CHECK(arena.residue().empty());
  }
  Arena arena(cluster, true, "redis");
  slow_down(cluster, arena);
  slow_until_the_agent_dies(cluster, arena);
  few_files(cluster, arena);
  stress(cluster, arena);
  little_memory(cluster, arena);
  CHECK(arena.residue().empty());
}
