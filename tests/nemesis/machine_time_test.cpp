// A whole machine's clock put off and restored, on a clock that is none.
#include "nemesis/agent/machine_time.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "nemesis/agent/journal.hpp"
#include "nemesis/agent/own_machine.hpp"
#include "tests/temporary_folder.hpp"

namespace gauntlet::agent {

namespace {

constexpr std::int64_t second = 1'000'000'000;

class FakeClock : public WallClock {
 public:
  std::int64_t ahead_ns() const override { return ahead; }
  std::int64_t boot_ns() const override { return 0; }
  std::string step(std::int64_t ns) override {
    ++steps;
    if (!refusal.empty()) return refusal;
    ahead += ns;
    state = "unsynchronized";
    return "";
  }
  std::string discipline() const override { return state; }
  std::string set_discipline(const std::string& words) override {
    state = words;
    return "";
  }

  std::atomic<std::int64_t> ahead = 1'700'000'000 * second;
  std::atomic<int> steps = 0;
  std::string state = "synchronized";
  std::string refusal;
};

class FakeDaemons : public TimeDaemons {
 public:
  std::vector<std::string> running() const override { return names; }
  std::string stop(const std::string& daemon) override {
    if (!refusal.empty()) return refusal;
    stopped.push_back(daemon);
    return "";
  }
  std::string start(const std::string& daemon) override {
    std::erase(stopped, daemon);
    return "";
  }

  std::vector<std::string> names = {"unit chrony.service", "process 12 345"}, stopped;
  std::string refusal;
};

/// A machine with a journal of its own.
struct Machine {
  Machine() { run_folder() = folder.path("."); }
  ~Machine() { run_folder() = before; }

  const std::string before = run_folder();
  TemporaryFolder folder;
  FakeClock clock;
  FakeDaemons daemons;
  const std::int64_t right = clock.ahead;
};

ClockShape shape(const std::string& word, std::int64_t a, std::int64_t b = 0) {
  std::string error;
  const auto parsed = ClockShape::parse(word, std::to_string(a), std::to_string(b),
                                        ClockShape::Monotonic::now(), error);
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("shapes of clocks: fixed, to and fro, more and more") {
  using std::chrono::milliseconds;
  std::string error;
  const ClockShape::Monotonic::time_point begun{};
  const auto of = [&](const char* word, const char* a, const char* b) {
    return ClockShape::parse(word, a, b, begun, error);
  };
  CHECK(of("fixed", "-5", "0")->offset_ns(begun + milliseconds(7)) == -5);
  const auto strobe = of("strobe", "100", "10000000");
  CHECK(strobe->offset_ns(begun) == 100);
  CHECK(strobe->offset_ns(begun + milliseconds(10)) == 0);
  CHECK(strobe->offset_ns(begun + milliseconds(20)) == 100);
  CHECK(strobe->next_change(begun + milliseconds(14)) == milliseconds(6));
  CHECK(of("drift", "1000", "0")->offset_ns(begun + milliseconds(3000)) == 3'000'000);
  CHECK_FALSE(of("strobe", "100", "999999"));
  CHECK_FALSE(of("fixed", "1h", "0"));
  CHECK_FALSE(of("circle", "1", "0"));
  CHECK(error.find("fixed, strobe") != std::string::npos);
}

TEST_CASE("a machine's clock is put off, injections add up, and all is restored") {
  Machine machine;
  MachineTime time(machine.clock, machine.daemons, "boot-1");
  REQUIRE(time.put("a", shape("fixed", 3600 * second)).ok);
  CHECK(machine.clock.ahead == machine.right + 3600 * second);
  CHECK(time.offset_ns() == 3600 * second);
  CHECK(machine.daemons.stopped == machine.daemons.names);
  CHECK(MachineTime::residue().find("chrony.service") != std::string::npos);
  REQUIRE(time.put("b", shape("fixed", -600 * second)).ok);
  CHECK(time.offset_ns() == 3000 * second);
  REQUIRE(time.take("a").ok);
  CHECK(time.offset_ns() == -600 * second);
  CHECK(machine.daemons.stopped.size() == 2);  // as long as anything is in place
  REQUIRE(time.take("b").ok);
  CHECK(machine.clock.ahead == machine.right);
  CHECK(machine.clock.state == "synchronized");
  CHECK(machine.daemons.stopped.empty());
  CHECK(MachineTime::residue() == "");
  CHECK(time.take("b").ok);
  CHECK(time.restore().text == "nothing was off");
}

TEST_CASE("a machine's clock strobes and drifts, and is set again where somebody else sets it") {
  Machine machine;
  MachineTime time(machine.clock, machine.daemons, "boot-1");
  const auto comes = [&](const auto& what) {
    for (int left = 500; left > 0 && !what(); --left)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return what();
  };
  REQUIRE(time.put("strobe", shape("strobe", second, 1'000'000)).ok);
  CHECK(comes([&] { return machine.clock.steps > 20; }));
  REQUIRE(time.take("strobe").ok);
  REQUIRE(time.put("drift", shape("drift", 500'000)).ok);
  CHECK(comes([&] { return time.offset_ns() > 20'000'000; }));
  REQUIRE(time.take("drift").ok);
  CHECK(machine.clock.ahead == machine.right);
  REQUIRE(time.put("bump", shape("fixed", second)).ok);
  machine.clock.ahead = machine.right;  // "ntpdate"
  CHECK(comes([&] { return machine.clock.ahead == machine.right + second; }));
  REQUIRE(time.restore().ok);
  CHECK(machine.clock.ahead == machine.right);
}

TEST_CASE(
    "a machine's clock is restored by another process, but not by the reference of another boot") {
  Machine machine;
  {
    MachineTime killed(machine.clock, machine.daemons, "boot-1");
    REQUIRE(killed.put("a", shape("fixed", -3600 * second)).ok);
  }
  CHECK(machine.clock.ahead == machine.right - 3600 * second);
  MachineTime other(machine.clock, machine.daemons, "boot-1");
  CHECK(other.restore().text == "restored");
  CHECK(machine.clock.ahead == machine.right);
  CHECK(machine.daemons.stopped.empty());

  REQUIRE(other.put("a", shape("fixed", 3600 * second)).ok);
  const std::int64_t then = machine.clock.ahead;
  MachineTime rebooted(machine.clock, machine.daemons, "boot-2");
  CHECK(rebooted.restore().text == "the machine was started again since");
  CHECK(machine.clock.ahead == then);
  CHECK(MachineTime::residue() == "");

  REQUIRE(write_journal("machine-clock", {"boot boot-1", "ahead of its time"}).empty());
  CHECK_FALSE(other.restore().ok);  // what cannot be read is not acted upon
  CHECK(MachineTime::residue() == "the machine's clock is off");
  REQUIRE(write_journal("machine-clock", {}).empty());
}

TEST_CASE("a machine's clock that cannot be set is as before") {
  Machine machine;
  MachineTime time(machine.clock, machine.daemons, "boot-1");
  SUBCASE("the kernel says no") {
    machine.clock.refusal = "Operation not permitted";
  }
  SUBCASE("a time daemon does not stop") {
    machine.daemons.refusal = "systemctl does not stop it";
  }
  SUBCASE("the kernel tells nothing") {
    machine.clock.state = "";
  }
  const std::string state = machine.clock.state;
  const Reply reply = time.put("a", shape("fixed", second));
  CHECK_FALSE(reply.ok);
  CHECK_FALSE(reply.text.empty());
  CHECK(machine.clock.ahead == machine.right);
  CHECK(machine.clock.state == state);
  CHECK(machine.daemons.stopped.empty());
  CHECK(MachineTime::residue() == "");
  CHECK_FALSE(time.is_off());
}

TEST_CASE("only a machine of its own may have its clock set") {
  MachineFacts facts;
  facts.may_set_time = true;
  facts.root_of_init = true;
  facts.namespaces = {{"pid", 4026531836},
                      {"user", 4026531837},
                      {"uts", 4026531838},
                      {"ipc", 4026531839},
                      {"cgroup", 4026531835}};
  REQUIRE(no_machine_of_its_own(facts) == "");
  for (const auto& [kind, number] : facts.namespaces) {
    CAPTURE(kind);
    MachineFacts other = facts;
    other.namespaces[kind] = 4026532777;
    CHECK_FALSE(no_machine_of_its_own(other) == "");
    other.namespaces.erase(kind);
    CHECK_FALSE(no_machine_of_its_own(other) == "");
  }
  const auto refuses = [&](auto change) {
    MachineFacts other = facts;
    change(other);
    return !no_machine_of_its_own(other).empty();
  };
  CHECK(refuses([](MachineFacts& f) { f.may_set_time = false; }));
  CHECK(refuses([](MachineFacts& f) { f.root_of_init = false; }));
  CHECK(refuses([](MachineFacts& f) { f.container_mark = "/.dockerenv"; }));
  CHECK(refuses([](MachineFacts& f) { f.hosts_containers = true; }));
  CHECK_FALSE(no_machine_of_its_own({}) == "");
  CHECK(boot_id().size() == 36);
}

}  // namespace gauntlet::agent
