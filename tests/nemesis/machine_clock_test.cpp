// Clocks of machines as the controller sees them: whose may be set, injected, healed.
#include "nemesis/machine_clock.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "base/wall_clock.hpp"
#include "nemesis/agent_wire.hpp"
#include "tests/nemesis/fakes.hpp"
#include "tests/result_printing.hpp"

using namespace gauntlet;

namespace {

/// A machine with an agent, as far as its clock goes.
struct FakeMachine {
  std::string boot = "boot-of-it", refusal;
  Nanos ahead_ns = 5 * nanos_per_millisecond;  ///< of the controller's clock, while it is right
  Nanos off_ns = 0;
  bool agent_knows = true;  ///< that it put the clock off

  std::vector<std::string> answer(const std::vector<std::string>& words) {
    if (words[0] != "machine-clock") return {"ok", ""};
    if (words[1] == "put") off_ns = std::stoll(words[4]);
    if (words[1] == "take") off_ns = 0;
    if (words[1] == "step") ahead_ns += std::stoll(words[2]);
    if (words[1] != "look") return {"ok", ""};
    return {"ok", boot + " 1000000000 " + std::to_string(wall_now() + ahead_ns + off_ns) + " " +
                      std::to_string(agent_knows ? off_ns : 0) + " " + refusal};
  }
};

class FakeChannel : public NodeChannel {
 public:
  explicit FakeChannel(FakeMachine& machine) : machine_(machine) {}
  Result<void> send(std::string_view line, Deadline) override {
    answer_ = agent_line(machine_.answer(*agent_words(line)));
    return {};
  }
  Result<std::string> receive(Deadline) override { return answer_; }

 private:
  FakeMachine& machine_;
  std::string answer_ = agent_line({"ok", ""});  // the greeting
};

class MachineNode : public FakeNode {
 public:
  using FakeNode::FakeNode;
  Result<std::unique_ptr<NodeChannel>> open_channel(const std::vector<std::string>&, bool,
                                                    Deadline) override {
    return std::unique_ptr<NodeChannel>(std::make_unique<FakeChannel>(machine));
  }
  FakeMachine machine;
};

class DatabaseWithProcess : public FakeDatabase {
 public:
  std::vector<ProcessIdentity> processes(const Node&) const override {
    return {{.pid_file = "/run/fake.pid", .executable = "/usr/bin/fake"}};
  }
};

struct Hosts {
  explicit Hosts(int size) {
    cluster.has_machines = false;
    for (int i = 1; i <= size; ++i) {
      auto node =
          std::make_unique<MachineNode>("n" + std::to_string(i), "10.0.0." + std::to_string(i));
      node->machine.boot = "boot-" + std::to_string(i);
      machines.push_back(&node->machine);
      cluster.fakes.push_back(std::move(node));
    }
  }
  Result<Value> prepare(const char* name, const Value& parameters) {
    Random random(1);
    return FaultRegistry::instance().find(name)->prepare(context, parameters, random);
  }

  FakeCluster cluster{0};
  DatabaseWithProcess database;
  AgentLinks agents;
  std::vector<FakeMachine*> machines;
  FaultContext context{&cluster, &database, &agents};
};

const Value bump_of_machine = Value::map({{"of", "machine"}, {"offset", "1h"}, {"targets", "n1"}});

}  // namespace

TEST_CASE("no machine's clock is set where there is any doubt whose it is") {
  MachineReading good;
  good.up_ahead_ns = 3600 * nanos_per_second;
  good.within_ns = nanos_per_millisecond;
  good.boot = "boot-1";
  MachineReading other = good;
  other.boot = "boot-2";
  const auto refusal = [&](const MachineReading& first, const std::string& own = "boot-0") {
    return machines_refusal({{"n1", first}, {"n2", other}}, own).value_or("");
  };
  CHECK(refusal(good) == "");
  CHECK(refusal(good, "").find("controller is not known") != std::string::npos);
  CHECK(refusal(good, "boot-2").find("n2 may have the kernel") != std::string::npos);
  MachineReading odd = good;
  odd.boot = "boot-2";
  CHECK(refusal(odd) == "n1 and n2 have one kernel, and so one clock");
  odd = good;
  odd.boot = "";
  CHECK_FALSE(refusal(odd) == "");
  odd = good;
  odd.refusal = "it is a container (/.dockerenv)";
  CHECK(refusal(odd) == "n1: it is a container (/.dockerenv)");
  odd = good;
  odd.up_ahead_ns = -20 * nanos_per_millisecond;  // a boot id of its own, but the same kernel
  CHECK(refusal(odd).find("controller") != std::string::npos);
  CHECK_FALSE(controller_boot().empty());
}

TEST_CASE(
    "a machine's clock: refused on containers and by the agent, checked by the controller's") {
  Hosts hosts(3);
  hosts.cluster.has_machines = true;
  auto plan = hosts.prepare("clock-bump", bump_of_machine);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().what.find("containers") != std::string::npos);
  hosts.cluster.has_machines = false;

  hosts.machines[2]->refusal = "it is in a pid namespace of its own";  // no target, but in doubt
  plan = hosts.prepare("clock-bump", bump_of_machine);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().what.find("n3: it is in a pid namespace") != std::string::npos);
  hosts.machines[2]->refusal = "";

  plan = hosts.prepare("clock-bump", bump_of_machine);
  REQUIRE(plan);
  const Fault& bump = *FaultRegistry::instance().find("clock-bump");
  CHECK(*bump.decided(bump_of_machine, *plan).find("of") == Value("machine"));
  FaultOutcome outcome = bump.inject(hosts.context, *plan);
  CAPTURE(outcome.evidence);
  CHECK(outcome.took_effect);
  CHECK(outcome.evidence.find("by the controller's clock +3600.00") != std::string::npos);
  CHECK(hosts.machines[0]->off_ns == 3600 * nanos_per_second);
  CHECK(hosts.machines[1]->off_ns == 0);
  outcome = bump.heal(hosts.context, *plan);
  CHECK(outcome.took_effect);
  CHECK(outcome.evidence.find("n1 differs from before by") != std::string::npos);
  CHECK(hosts.machines[0]->off_ns == 0);

  // An agent that says so while the controller sees nothing of it is not believed.
  hosts.machines[0]->ahead_ns -= 3600 * nanos_per_second;
  CHECK_FALSE(bump.inject(hosts.context, *plan).took_effect);
}

TEST_CASE("a machine that was started again is set by the controller's clock") {
  Hosts hosts(2);
  const auto plan = hosts.prepare("clock-bump", bump_of_machine);
  REQUIRE(plan);
  hosts.machines[0]->boot = "boot-later";
  hosts.machines[0]->ahead_ns += 3600 * nanos_per_second;  // kept by its hardware clock
  hosts.context.agents = nullptr;                          // as `gauntlet heal`
  const FaultOutcome outcome =
      FaultRegistry::instance().find("clock-bump")->heal(hosts.context, *plan);
  CAPTURE(outcome.evidence);
  CHECK(outcome.took_effect);
  CHECK(outcome.evidence.find("set by the controller's clock") != std::string::npos);
  CHECK(std::abs(hosts.machines[0]->ahead_ns) < nanos_per_second);
}
