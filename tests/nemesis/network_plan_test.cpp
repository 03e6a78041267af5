// Plans of faults on the network: made from parameters, and read back without trust.
#include <doctest/doctest.h>

#include <algorithm>

#include "nemesis/fault.hpp"
#include "nemesis/nemesis.hpp"
#include "tests/nemesis/fakes.hpp"

using namespace gauntlet;

namespace {

class ServingDatabase : public FakeDatabase {
 public:
  std::optional<int> client_port() const override { return 2379; }
};

const Fault& fault_named(const char* name) {
  const Fault* fault = FaultRegistry::instance().find(name);
  REQUIRE(fault != nullptr);
  return *fault;
}

std::size_t scripts_of(const FakeCluster& cluster) {
  std::size_t count = 0;
  for (const auto& node : cluster.fakes)
    count += node->scripts.size();
  return count;
}

bool any_script_has(const FakeCluster& cluster, const std::string& text) {
  return std::ranges::any_of(cluster.fakes, [&](const auto& node) {
    return std::ranges::any_of(node->scripts, [&](const std::string& script) {
      return script.find(text) != std::string::npos;
    });
  });
}

constexpr const char* faults_with_rules[] = {"loss",    "duplicate",       "delay",
                                             "reorder", "corrupt",         "bandwidth",
                                             "toxic",   "isolate-clients", "reset"};

}  // namespace

TEST_CASE("plans of faults on the network hold what a heal needs, and touch no node") {
  for (const char* name : faults_with_rules) {
    CAPTURE(std::string(name));
    FakeCluster cluster(3);
    ServingDatabase database;
    const FaultContext context{&cluster, &database};
    Random random(1);
    const Fault& fault = fault_named(name);
    const auto plan = fault.prepare(context, Value::map({{"targets", "n1"}}), random);
    REQUIRE(plan.has_value());
    CHECK(plan->find("targets")->items().size() == 1);
    CHECK(scripts_of(cluster) == 0);
    CHECK(fault.heal(context, *plan).took_effect);
    CHECK(scripts_of(cluster) > 0);
  }
}

TEST_CASE("a heal acts on no plan that was tampered with") {
  for (const char* name : faults_with_rules) {
    CAPTURE(std::string(name));
    FakeCluster cluster(3);
    ServingDatabase database;
    const FaultContext context{&cluster, &database};
    Random random(1);
    const Fault& fault = fault_named(name);
    const auto plan = fault.prepare(context, Value::map({{"targets", "n1"}}), random);
    REQUIRE(plan.has_value());
    for (const auto& [entry, value] : plan->entries()) {
      if (entry == "direction" || entry == "of") continue;  // these only choose among rules
      CAPTURE(entry);
      Value tampered = *plan;
      tampered.set(entry, entry == "targets" ? Value::list({"n1; reboot"}) : Value("x; reboot"));
      const auto before = scripts_of(cluster);
      const FaultOutcome outcome = fault.heal(context, tampered);
      CHECK_FALSE(any_script_has(cluster, "reboot"));
      if (entry != "targets") {
        CHECK_FALSE(outcome.took_effect);
        CHECK(scripts_of(cluster) == before);
      }
    }
    CHECK_FALSE(fault.heal(context, Value()).took_effect);
    CHECK_FALSE(fault.inject(context, Value()).took_effect);
  }
}

TEST_CASE("parameters of faults on the network are checked when they are asked for") {
  for (const char* good :
       {"delay:delay_ms=5:jitter_ms=1:distribution=pareto:order=free", "loss:probability=1:burst=3",
        "corrupt:checksum=wrong", "toxic:kind=slicer:stream=upstream:bytes=5",
        "bandwidth:rate_mbit=8", "reset:of=clients:for_ms=100", "isolate-clients:direction=out",
        "duplicate:peers=n2"})
    CHECK_MESSAGE(parse_fault_requests(good).has_value(), good);
  for (const char* bad :
       {"delay:delay_ms=-1", "delay:distribution=flat", "loss:probability=0", "loss:burst=0.5",
        "corrupt:checksum=maybe", "toxic:kind=nice", "toxic:toxicity=2", "bandwidth:rate_mbit=0",
        "reset:of=all", "isolate-clients:direction=up", "duplicate:direction=sideways"})
    CHECK_MESSAGE(parse_fault_requests(bad).has_error(), bad);
}

TEST_CASE("faults that need an agent, or netem, say so where there is none") {
  FakeCluster cluster(3);
  for (auto& node : cluster.fakes)
    node->refuses = "netem";
  ServingDatabase database;
  const FaultContext context{&cluster, &database};
  for (const char* name : {"delay", "reorder", "corrupt", "toxic"}) {
    CAPTURE(std::string(name));
    const auto why = fault_named(name).unsupported(context);
    REQUIRE(why.has_value());
    CHECK(why->find("agent") != std::string::npos);
  }
  CHECK_FALSE(fault_named("loss").unsupported(context).has_value());
  for (auto& node : cluster.fakes)
    node->refuses.clear();
  CHECK_FALSE(fault_named("delay").unsupported(context).has_value());
  CHECK(fault_named("toxic").unsupported(context).has_value());
  FakeDatabase silent;
  const FaultContext without_port{&cluster, &silent};
  CHECK(fault_named("isolate-clients").unsupported(without_port).has_value());
}
