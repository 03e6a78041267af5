// The agent on real nodes, and clocks that it puts off: of redis, etcd, postgres and a JVM.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <thread>

#include "harness/control/daemon.hpp"
#include "nemesis/heal.hpp"
#include "tests/integration/arena.hpp"

using namespace gauntlet;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

TestCluster& clock_nodes() {
  static TestCluster cluster(test_cluster_options("clock", 3));
  return cluster;
}

std::string output_of(Node& node, const std::string& script) {
  const auto result = node.run(Command::shell(script).root().within(seconds(20)));
  REQUIRE(result);
  CAPTURE(result->error_output);
  REQUIRE(result->succeeded());
  return result->output;
}

/// What an agent left there.
std::string left_on(Node& node, const std::string& module) {
  const auto found = agent_residue(node, module);
  REQUIRE(found);
  return *found;
}

/// This class, for Java 8 and later:
///   class Tell {
///     public static void main(String[] arguments) throws Exception {
///       for (;;) { System.out.println(System.currentTimeMillis()); Thread.sleep(20); }
///     }
///   }
constexpr const char* tell_class =
    "yv66vgAAADQAJwoAAgADBwAEDAAFAAYBABBqYXZhL2xhbmcvT2JqZWN0AQAGPGluaXQ+AQADKClWCQAIAAkH"
    "AAoMAAsADAEAEGphdmEvbGFuZy9TeXN0ZW0BAANvdXQBABVMamF2YS9pby9QcmludFN0cmVhbTsKAAgADgwA"
    "DwAQAQARY3VycmVudFRpbWVNaWxsaXMBAAMoKUoKABIAEwcAFAwAFQAWAQATamF2YS9pby9QcmludFN0cmVh"
    "bQEAB3ByaW50bG4BAAQoSilWBQAAAAAAAAAUCgAaABsHABwMAB0AFgEAEGphdmEvbGFuZy9UaHJlYWQBAAVz"
    "bGVlcAcAHwEABFRlbGwBAARDb2RlAQAEbWFpbgEAFihbTGphdmEvbGFuZy9TdHJpbmc7KVYBAA1TdGFja01h"
    "cFRhYmxlAQAKRXhjZXB0aW9ucwcAJgEAE2phdmEvbGFuZy9FeGNlcHRpb24AIAAeAAIAAAAAAAIAAAAFAAYA"
    "AQAgAAAAEQABAAEAAAAFKrcAAbEAAAAAAAkAIQAiAAIAIAAAACcAAwABAAAAErIAB7gADbYAERQAF7gAGaf/"
    "8QAAAAEAIwAAAAMAAQAAJAAAAAQAAQAlAAA=";

/// A program with a wall clock, started by hand.
struct Program {
  std::string name;
  Daemon daemon;
  std::string set_up;   ///< before it is started
  std::string ask_now;  ///< prints seconds since 1970 by its own clock; "" where it does not tell
  std::string load;     ///< what a client does all the while; "" where it is busy by itself
};

std::vector<Program> programs() {
  const auto daemon = [](const std::string& name, std::string program,
                         std::vector<std::string> arguments) {
    Daemon made;
    made.identity = {"/run/gauntlet/" + name + ".pid", std::move(program)};
    made.arguments = std::move(arguments);
    made.log_file = "/var/log/gauntlet/" + name + ".log";
    return made;
  };
  return {
      {"redis", daemon("t-redis", "/usr/bin/redis-server", {"--port", "6390", "--save", ""}), "",
       "redis-cli -p 6390 TIME | head -1", "redis-benchmark -p 6390 -n 1000 -q"},
      {"etcd",
       daemon("t-etcd", "/usr/bin/etcd",
              {"--data-dir=/tmp/t-etcd", "--listen-client-urls=http://127.0.0.1:6379",
               "--advertise-client-urls=http://127.0.0.1:6379",
               "--listen-peer-urls=http://127.0.0.1:6380"}),
       "rm -rf /tmp/t-etcd", "", "etcdctl --endpoints=127.0.0.1:6379 put a b"},
      // It will not run as root, so that it is started by its set-up.
      {"postgres", daemon("t-postgres", "/usr/lib/postgresql/15/bin/postgres", {}),
       "rm -rf /tmp/t-pg; cd /tmp; mkdir -p /run/gauntlet; su postgres -c "
       "'/usr/lib/postgresql/15/bin/initdb -A trust -D /tmp/t-pg' >/dev/null; "
       "setsid sh -c 'stat=$(cat /proc/$$/stat); set -- ${stat##*) }; shift 19; "
       "printf \"%s\\n%s %s\\n\" $$ $1 $(cat /proc/sys/kernel/random/boot_id) "
       ">/run/gauntlet/t-postgres.pid; exec setpriv --reuid=postgres --regid=postgres "
       "--clear-groups /usr/lib/postgresql/15/bin/postgres -D /tmp/t-pg -k /tmp -p 5490' "
       ">/tmp/t-pg.log 2>&1 </dev/null & sleep 1",
       "psql -U postgres -h /tmp -p 5490 -Atc 'select floor(extract(epoch from "
       "clock_timestamp()))'"},
      {"jvm", daemon("t-jvm", "/usr/bin/java", {"-Xmx32m", "-cp", "/tmp", "Tell"}),
       fmt::format("printf %s {} | base64 -d >/tmp/Tell.class", shell_quote(tell_class)),
       "tail -n 1 /var/log/gauntlet/t-jvm.log | cut -c1-10", ""},
  };
}

/// By how many seconds the program's clock is off.
std::int64_t off_by(Node& node, const Program& program) {
  REQUIRE(!program.ask_now.empty());
  const std::string text =
      output_of(node, fmt::format("sleep 0.1; echo $(($({}) - $(date +%s)))", program.ask_now));
  return std::stoll(text);
}

bool is_near(std::int64_t seconds_off, std::int64_t expected) {
  return std::abs(seconds_off - expected) <= 2;
}

void put_off(AgentLinks& agents, Node& node, const Program& program, std::int64_t offset_s) {
  const auto put =
      agents.call(node,
                  {"clock", "put", "test", "fixed", std::to_string(offset_s * nanos_per_second),
                   "0", program.daemon.identity.pid_file, program.daemon.identity.executable},
                  Deadline::after(seconds(10)));
  REQUIRE(put);
  CHECK(put->find(':') != std::string::npos);
}

}  // namespace

TEST_CASE(
    "clocks: redis, etcd, postgres and a JVM live in another time, and in the right one again") {
  if (!docker_for_tests()) return;
  TestCluster& cluster = clock_nodes();
  Node& node = cluster.node("n1");
  AgentLinks agents;
  for (const Program& program : programs()) {
    CAPTURE(program.name);
    if (!program.set_up.empty()) output_of(node, program.set_up);
    const Daemon& daemon = program.daemon;
    if (program.name != "postgres") REQUIRE(start_daemon(node, daemon));
    std::this_thread::sleep_for(seconds(1));
    const bool tells = !program.ask_now.empty();
    if (tells) CHECK(is_near(off_by(node, program), 0));
    if (!program.load.empty()) {
      output_of(node, fmt::format("timeout 120 sh -c {} >/dev/null 2>&1 </dev/null &",
                                  shell_quote("while :; do " + program.load + "; done")));
    }
    for (const std::int64_t offset_s : {300, -300, 3600, -3600}) {
      CAPTURE(offset_s);
      put_off(agents, node, program, offset_s);
      if (tells) CHECK(is_near(off_by(node, program), offset_s));
    }
    REQUIRE(agents.call(node, {"clock", "take", "test"}, Deadline::after(seconds(10))));
    if (tells) CHECK(is_near(off_by(node, program), 0));
    CHECK(left_on(node, "clock") == "");

    // Strobing, set and cleared again and again, under load.
    const char* const longer = std::getenv("GAUNTLET_LONG");
    const int cycles = longer != nullptr ? 200 : 10;
    const auto before = daemon_status(node, daemon.identity);
    REQUIRE(before);
    for (int cycle = 0; cycle < cycles; ++cycle) {
      const auto strobed = agents.call(
          node,
          {"clock", "put", "strobe", "strobe", std::to_string(200 * nanos_per_millisecond),
           std::to_string(10 * nanos_per_millisecond), daemon.identity.pid_file,
           daemon.identity.executable},
          Deadline::after(seconds(10)));
      REQUIRE(strobed);
      std::this_thread::sleep_for(milliseconds(20));
      REQUIRE(agents.call(node, {"clock", "take", "strobe"}, Deadline::after(seconds(10))));
    }
    const auto after = daemon_status(node, daemon.identity);
    REQUIRE(after);
    CHECK(after->running);
    CHECK(after->pid == before->pid);
    if (tells) CHECK(is_near(off_by(node, program), 0));
    REQUIRE(kill_daemon(node, daemon.identity));
  }
}

TEST_CASE("clocks: an agent that is cut off or killed leaves nothing that is not undone") {
  if (!docker_for_tests()) return;
  TestCluster& cluster = clock_nodes();
  Node& node = cluster.node("n2");
  const Program redis = programs()[0];
  REQUIRE(start_daemon(node, redis.daemon));
  std::this_thread::sleep_for(milliseconds(500));
  const auto gone_within = [&](seconds time) {
    const auto deadline = Deadline::after(time);
    while (!deadline.passed()) {
      if (left_on(node, "clock").empty()) return true;
      std::this_thread::sleep_for(milliseconds(100));
    }
    return false;
  };
  {
    AgentLinks agents;
    put_off(agents, node, redis, 300);
    CHECK_FALSE(left_on(node, "clock").empty());
  }
  CHECK(gone_within(seconds(10)));  // the channel is closed
  CHECK(is_near(off_by(node, redis), 0));

  AgentLinks agents;
  put_off(agents, node, redis, 300);
  // Restarted, it is put off again.
  REQUIRE(kill_daemon(node, redis.daemon.identity));
  REQUIRE(start_daemon(node, redis.daemon));
  std::this_thread::sleep_for(seconds(1));
  CHECK(is_near(off_by(node, redis), 300));

  output_of(node, "kill -9 $(cat /run/gauntlet/agent/lock)");
  std::this_thread::sleep_for(milliseconds(200));
  CHECK(is_near(off_by(node, redis), 300));
  REQUIRE(heal_agent(node, "clock"));
  CHECK(is_near(off_by(node, redis), 0));
  CHECK(left_on(node, "") == "");
  // The next call begins anew.
  put_off(agents, node, redis, -300);
  CHECK(is_near(off_by(node, redis), -300));
  REQUIRE(heal_agent(node, "clock"));
  REQUIRE(kill_daemon(node, redis.daemon.identity));
}

TEST_CASE("clocks: that of a container's host is never set") {
  if (!docker_for_tests()) return;
  AgentLinks agents;
  Node& node = clock_nodes().node("n3");
  const auto put = agents.call(node, {"machine-clock", "put", "test", "fixed", "1000000", "0"},
                               Deadline::after(seconds(10)));
  REQUIRE_FALSE(put);
  CHECK(put.error().what.find("it is a container") != std::string::npos);
  CHECK_FALSE(
      agents.call(node, {"machine-clock", "step", "1000000"}, Deadline::after(seconds(10))));

  const auto etcd = database_on(*clock_nodes(), "etcd");
  Random random(1);
  const auto plan = FaultRegistry::instance()
                        .find("clock-bump")
                        ->prepare({&*clock_nodes(), etcd.get(), &agents},
                                  Value::map({{"of", "machine"}}), random);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().what.find("containers") != std::string::npos);
}

TEST_CASE("clocks: etcd goes on with clocks that jump, strobe and drift") {
  if (!docker_for_tests()) return;
  Arena arena(clock_nodes());
  for (const char* const request : {"clock-bump:targets=n1:offset=-1h",
                                    "clock-strobe:targets=n1+n2", "clock-drift:rate=-500"}) {
    CAPTURE(request);
    const Value injected = arena.inject(request);
    CHECK(took_effect(injected));
    CHECK(arena.residue().find("the clock is off") != std::string::npos);
    CHECK(serves(*arena.database, clock_nodes().node("n3"), seconds(10)));
    const std::string name(request, std::string_view(request).find(':'));
    CHECK(took_effect(arena.heal(name, injected)));
    CHECK(arena.residue() == "");
  }
  // One that a controller leaves is healed by another from the ledger, without agents of its own.
  CHECK(took_effect(arena.inject("clock-bump:targets=all:offset=+5m")));
  const auto summary =
      heal_from_ledger(arena.ledger_path(), {&arena.cluster, arena.database.get()});
  REQUIRE(summary);
  CHECK(summary->clean());
  CHECK(summary->healed.size() == 1);
  CHECK(arena.residue() == "");
}
