// netem: its scripts, what they print, and what it is asked to do by faults.
#include "nemesis/netem.hpp"

#include <doctest/doctest.h>

#include "tests/nemesis/fakes.hpp"
#include "tests/result_printing.hpp"

using namespace gauntlet;

namespace {

constexpr const char* counters =
    "qdisc netem 8001: root refcnt 2 limit 100000 delay 50ms\n"
    " Sent 6362 bytes 37 pkt (dropped 5, overlimits 0 requeues 0)\n"
    " backlog 0b 0p requeues 0\n";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Nodes whose kernels have netem or not; no agents.
struct Kernels {
  explicit Kernels(bool netem) {
    for (auto& fake : cluster.fakes) {
      fake->answer = [netem, this](const std::string& script) -> std::string {
        if (!has(script, "tc -s qdisc")) return "";  // a script of chains
        if (has(script, "root netem")) {
          in_place = netem;
          last = script;
        }
        const std::string now = in_place ? counters : "";
        if (!has(script, "root netem") && has(script, "\ntake_out g-")) in_place = false;
        return now;
      };
    }
  }
  FaultOutcome inject(const char* name, const Value& parameters) {
    const Fault& fault = *FaultRegistry::instance().find(name);
    Random random(1);
    const auto plan = fault.prepare(context, parameters, random);
    REQUIRE(plan);
    return fault.inject(context, *plan);
  }

  FakeCluster cluster{2};
  FaultContext context{&cluster, nullptr, nullptr};
  bool in_place = false;
  std::string last;
};

Result<void> checked(const char* name, const Value& parameters) {
  return FaultRegistry::instance().find(name)->check(parameters, {});
}

}  // namespace

TEST_CASE("netem's scripts name a device, the senders and what is done to them") {
  const Netem netem{"gauntlet_delay_1a2b3c4d", "delay 50ms", {"10.0.0.2", "fd00::2"}};
  const std::string script = netem_script(netem);
  CHECK(has(script, "tc qdisc add dev g-dela-1a2b3c4d root netem limit 100000 delay 50ms "));
  CHECK(has(script, "protocol ip prio 1 u32 match ip src 10.0.0.2/32 action"));
  CHECK(has(script, "protocol ipv6 prio 2 u32 match ip6 src fd00::2/128 action"));
  CHECK(has(undo_netem_script(netem), "take_out g-dela-1a2b3c4d"));
  CHECK(has(remove_netems_script("gauntlet_delay_"), "g-dela-*)"));
  CHECK(netems_of("gauntlet_delay_", "g-dela-1a2b3c4d\ng-loss-00000001\n") ==
        "netem by g-dela-1a2b3c4d");
  CHECK(netems_of("gauntlet_corrupt_", "g-dela-1a2b3c4d\n") == "");
  const NetemCounters read = parse_netem_counters(counters);
  CHECK(read.in_place);
  CHECK(read.passed == 37);
  CHECK(read.lost == 5);
  CHECK_FALSE(parse_netem_counters("").in_place);
  CHECK_FALSE(parse_netem_counters("qdisc noqueue 0: root refcnt 2\n").in_place);
}

TEST_CASE("netem is asked for what it can say only") {
  const auto by_netem = [](std::initializer_list<std::pair<std::string, Value>> others) {
    Value parameters = Value::map({{"by", "netem"}});
    for (const auto& [name, value] : others)
      parameters.set(name, value);
    return parameters;
  };
  CHECK(checked("delay", by_netem({})));
  CHECK_FALSE(checked("delay", by_netem({{"jitter_ms", "5"}})));
  CHECK(checked("delay", by_netem({{"jitter_ms", "5"}, {"order", "free"}})));
  CHECK(checked("loss", by_netem({{"burst", "5"}})));
  CHECK_FALSE(checked("loss", by_netem({{"burst", "2"}, {"probability", "0.9"}})));
  CHECK_FALSE(checked("corrupt", by_netem({})));
  CHECK(checked("corrupt", by_netem({{"checksum", "wrong"}})));
  CHECK_FALSE(checked("reorder", Value::map({{"by", "magic"}})));

  Kernels kernels(true);
  kernels.inject("loss", by_netem({{"burst", "4"}, {"probability", "0.2"}}));
  CHECK(has(kernels.last, "loss gemodel 6.250000% 25.000000%"));
  kernels.inject("reorder", Value::map({{"probability", "0.25"}}));
  CHECK(has(kernels.last, "delay 10ms reorder 75.000000%"));
}

TEST_CASE("netem does it where the kernel has it, and the queue is asked else") {
  Kernels with(true);
  const Fault& delay = *FaultRegistry::instance().find("delay");
  CHECK_FALSE(delay.unsupported(with.context));  // without agents
  const FaultOutcome done = with.inject("delay", Value::map({}));
  CAPTURE(done.evidence);
  CHECK(done.took_effect);
  CHECK(has(done.evidence, "on 2 nodes (by netem)"));

  Kernels without(false);
  const FaultOutcome failed = without.inject("delay", Value::map({}));
  CHECK_FALSE(failed.took_effect);
  CHECK(has(failed.evidence, "there are no agents on the nodes"));  // for the queue
  without.last.clear();
  without.inject("delay", Value::map({{"by", "queue"}}));
  CHECK(without.last == "");
}
