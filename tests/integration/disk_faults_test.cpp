// Faults on the disk below redis: each is seen from outside, healed and gone.
#include "nemesis/agent/disk/rule_status.hpp"
#include "nemesis/data_disk.hpp"
#include "tests/integration/arena.hpp"

using namespace gauntlet;
using std::chrono::seconds;

namespace {

/// Redis with an fsync before each answer, its data on our file system.
class DiskArena : public Arena {
 public:
  explicit DiskArena(TestCluster& nodes) : Arena(nodes, false, "redis"), node(*cluster.nodes()[0]) {
    OptionValues values;
    for (const auto& option : database->options())
      values[option.name] = option.default_value;
    values["appendfsync"] = "always";
    REQUIRE(database->configure(cluster, values));
    folder = *database->data_folder();
    REQUIRE(database->wipe(node));
    REQUIRE(mount_data_disk(node, folder));
    REQUIRE(database->start(node));
    REQUIRE(database->await_ready(Deadline::after(seconds(30))));
  }
  ~DiskArena() {
    nemesis->heal_all();
    (void)database->kill(node);
    (void)remove_data_disk(node, folder);
  }
  /// How long a write took, in ms; -1 if it was not acknowledged.
  std::int64_t write_ms() {
    auto client = database->open_client(node, Deadline::after(seconds(5)));
    if (!client) return -1;
    Operation write = operation("write", Value(1), Value(0));
    const Nanos start = monotonic_now();
    (*client)->invoke(write, Deadline::after(seconds(5)));
    return write.type == OperationType::ok ? (monotonic_now() - start) / nanos_per_millisecond : -1;
  }
  std::string shell(const std::string& script) {
    const auto result = node.run(Command::shell("cd " + folder + "; " + script).root());
    REQUIRE(result);
    return result->output;
  }

  Node& node;
  std::string folder;
};

}  // namespace

TEST_CASE("disk faults below redis are seen from outside, healed and gone") {
  if (!docker_for_tests()) return;
  TestCluster cluster(test_cluster_options("disks", 1));
  DiskArena arena(cluster);
  Node& node = arena.node;
  CHECK(arena.write_ms() >= 0);

  const Value slow = arena.inject("disk-slow:latency_ms=300:operations=fsync");
  CHECK(took_effect(slow));
  CHECK(arena.write_ms() >= 300);
  CHECK(arena.residue().find("disk_slow") != std::string::npos);
  CHECK(took_effect(arena.heal("disk-slow", slow)));
  CHECK(arena.write_ms() < 300);

  const Value corrupt = arena.inject("disk-corrupt:probability=1:path=.gauntlet*");
  CHECK(took_effect(corrupt));
  const std::string compare = "printf abc >.gauntlet-x; cmp -s .gauntlet-x " +
                              data_disk_backing(arena.folder) +
                              "/.gauntlet-x || echo differs; rm .gauntlet-x";
  CHECK(arena.shell(compare) == "differs\n");
  CHECK(took_effect(arena.heal("disk-corrupt", corrupt)));
  CHECK(arena.shell(compare).empty());

  const Value torn = arena.inject("disk-torn:kind=torn:probability=1:path=[.t]*");
  CHECK(took_effect(torn));
  CHECK(arena.shell("printf '%4096s' x | tr ' ' y >torn; tr -d '\\000' <torn | wc -c") != "4096\n");
  CHECK(took_effect(arena.heal("disk-torn", torn)));
  CHECK(arena.shell("rm torn; printf '%4096s' x >whole; wc -c <whole; rm whole") == "4096\n");

  const Value full = arena.inject("disk-full:bytes=100000");
  CHECK(took_effect(full));
  CHECK(std::stoll(arena.shell("stat -f -c '%a * %S' . | sed 's/ .*//'")) <= 25);
  CHECK(took_effect(arena.heal("disk-full", full)));

  const Value error = arena.inject("disk-error:operations=open:errno=EROFS:probability=1");
  CHECK(took_effect(error));
  CHECK(arena.shell("touch new 2>&1").find("Read-only") != std::string::npos);
  CHECK(took_effect(arena.heal("disk-error", error)));
  CHECK(arena.shell("touch new 2>&1; rm new").empty());

  // Redis ends where it cannot promise what it was asked to; the heal starts it.
  const Value failing = arena.inject("disk-fsync:times=0");
  CHECK(took_effect(failing));
  CHECK(arena.write_ms() < 0);
  CHECK(took_effect(arena.heal("disk-fsync", failing)));
  CHECK(serves(*arena.database, node, seconds(10)));
  CHECK(arena.write_ms() >= 0);
  CHECK(arena.residue().empty());

  // Rules that nobody's plan knows are found and removed, without an agent and by one.
  const Fault* fault = FaultRegistry::instance().find("disk-error");
  CHECK(data_disk_command(node, "add gauntlet_disk_error_x error path=none"));
  CHECK_FALSE(fault->residue(arena.context(), node)->empty());
  CHECK(fault->clear(arena.context(), node));
  CHECK(fault->residue(arena.context(), node)->empty());
  CHECK(data_disk_command(node, "add gauntlet_disk_error_x error path=none"));
  CHECK_FALSE(agent_residue(node, "disk")->empty());
  CHECK(heal_agent(node, "disk"));
  CHECK(data_disk_rules(node, "")->empty());
}
