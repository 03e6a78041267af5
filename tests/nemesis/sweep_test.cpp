// What a sweep asks of nodes, and that it looks again at what it removed.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "nemesis/heal.hpp"
#include "nemesis/remembering_node.hpp"
#include "tests/nemesis/fakes.hpp"

using namespace gauntlet;

namespace {

std::ptrdiff_t times_asked(const FakeNode& node, const std::string& words) {
  return std::ranges::count_if(
      node.scripts, [&](const auto& script) { return script.find(words) != std::string::npos; });
}

}  // namespace

TEST_CASE("a sweep that finds nothing asks a node nothing twice") {
  FakeCluster cluster(2);
  FakeDatabase database;
  const HealSummary summary = sweep({&cluster, &database});
  CHECK(summary.clean());
  CHECK(summary.removed.empty());
  for (const auto& node : cluster.fakes) {
    CHECK(std::set(node->scripts.begin(), node->scripts.end()).size() == node->scripts.size());
    CHECK(node->scripts.size() < 10);
    CHECK(times_asked(*node, "residue") == 1);
    CHECK(times_asked(*node, "chain") > 0);
  }
}

TEST_CASE("faults of a family find what is theirs in what they asked together") {
  FakeCluster cluster(1);
  cluster.fakes[0]->answer = [](const std::string& script) -> std::string {
    if (script.find("gauntlet_.*") != std::string::npos)
      return "mangle iptables chain gauntlet_duplicate_00000001\n"
             "raw ip6tables chain gauntlet_loss_00000002\n"
             "filter iptables chain gauntlet_loss_00000003\n"
             "raw iptables chain gauntlet_lossy_00000004\n";
    if (script.find(" residue ") != std::string::npos)
      return "clock: the clock is off of process 7\nduty-cycle: process 8 stands still\n";
    return "";
  };
  const FaultContext context{&cluster, nullptr};
  const auto found_by = [&](const char* fault) {
    return *FaultRegistry::instance().find(fault)->residue(context, *cluster.find("n1"));
  };
  CHECK(found_by("duplicate") == "iptables chain gauntlet_duplicate_00000001");
  CHECK(found_by("loss") == "ip6tables chain gauntlet_loss_00000002");
  CHECK(found_by("reset").empty());
  CHECK(found_by("clock-drift") == "the clock is off of process 7");
  CHECK(found_by("slow") == "process 8 stands still");
  CHECK(found_by("cpu-stress").empty());
}

TEST_CASE("what a sweep removed it looks at again") {
  FakeCluster cluster(2);
  FakeNode& stubborn = *cluster.fakes[1];
  cluster.fakes[0]->tables["gauntlet_partition_1"] = "";
  stubborn.answer = [](const std::string& script) -> std::string {
    const bool asks = script.find("nft list tables 2>/dev/null | grep") != std::string::npos;
    return asks ? "table inet gauntlet_partition_2\n" : "";
  };
  const HealSummary summary = sweep({&cluster, nullptr});
  REQUIRE(summary.removed.size() == 1);
  CHECK(summary.removed[0] == "partition on n1: table inet gauntlet_partition_1");
  REQUIRE(summary.failed.size() == 1);
  CHECK(summary.failed[0].find("partition on n2: cannot be removed") == 0);
}

TEST_CASE("a remembering node asks again what could not be asked, and after it forgot") {
  FakeNode node("n1", "10.0.0.1");
  RememberingNode seen(node);
  node.down = true;
  CHECK(seen.run(Command::shell("a")).has_error());
  node.down = false;
  CHECK(seen.run(Command::shell("a")).has_value());
  CHECK(seen.run(Command::shell("a")).has_value());
  CHECK(seen.run(Command::shell("a").root()).has_value());
  CHECK(node.scripts.size() == 3);
  seen.forget();
  CHECK(seen.run(Command::shell("a")).has_value());
  CHECK(node.scripts.size() == 4);
}
