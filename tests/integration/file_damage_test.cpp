// Damaged files on real nodes: what etcd and redis make of them, and that they run again after it.
#include "nemesis/heal.hpp"
#include "tests/integration/arena.hpp"

using namespace gauntlet;
using std::chrono::seconds;

namespace {

std::string evidence_of(const Value& value) {
  const Value* evidence = value.find("evidence");
  return evidence == nullptr ? std::string() : evidence->string();
}

bool tells(const Value& value, const std::string& words) {
  return evidence_of(value).find(words) != std::string::npos;
}

/// What the faults on files left on a node.
std::string residue_on(Arena& arena, Node& node) {
  std::string all;
  for (const char* name : {"file-flip", "file-truncate", "file-copy", "file-restore"}) {
    const auto one = FaultRegistry::instance().find(name)->residue(arena.context(), node);
    REQUIRE(one);
    all += *one;
  }
  return all;
}

/// So that the logs are long enough to be damaged.
void write_some(Database& database, Node& node, int count) {
  auto client = database.open_client(node, Deadline::after(seconds(5)));
  REQUIRE(client);
  for (int i = 0; i < count; ++i) {
    Operation write = operation("write", Value(i), Value(i));
    (*client)->invoke(write, Deadline::after(seconds(5)));
  }
}

/// Files that have changed since they were damaged, so that no original fits, and that etcd
/// refuses.
void ruin_etcd(Arena& arena, Node& node) {
  const Value flipped = arena.inject("file-flip:targets=n1:files=*.wal:bits=64:layout=same");
  CHECK(took_effect(flipped));
  CHECK(node.must(Command::shell("for file in " + *arena.database->data_folder() +
                                 "/member/wal/*.wal; do\n"
                                 "  head -c 65536 /dev/zero | tr '\\0' x >\"$file\"\ndone")
                      .root()));
  const Value healed = arena.heal("file-flip", flipped);
  CHECK(took_effect(healed));
  CHECK(tells(healed, "no original could be put back"));
  CHECK(tells(healed, "joined it again without data"));
  CHECK(serves(*arena.database, node, seconds(10)));
  CHECK(residue_on(arena, node).empty());
}

void break_etcd(TestCluster& cluster) {
  Arena arena(cluster);
  Database& etcd = *arena.database;
  Node& first = *cluster->nodes()[0];
  Node& second = *cluster->nodes()[1];
  write_some(etcd, second, 100);

  const Value flipped = arena.inject("file-flip:targets=n1:files=*.wal:bits=64:layout=same");
  CHECK(took_effect(flipped));
  CHECK(tells(flipped, "64 bits flipped in member/wal/"));
  CHECK(tells(flipped, "does not come up"));
  CHECK(state_of(etcd, first) == "-");
  CHECK(serves(etcd, second, seconds(5)));
  CHECK_FALSE(residue_on(arena, first).empty());
  const Value healed = arena.heal("file-flip", flipped);
  CHECK(took_effect(healed));
  CHECK(tells(healed, "originals put back"));
  CHECK(serves(etcd, first, seconds(10)));
  CHECK(residue_on(arena, first).empty());

  // What etcd has repaired has lost what it acknowledged, which makes it panic when it hears of it.
  const Value cut = arena.inject("file-truncate:targets=n1:files=*.wal:bytes=5");
  CHECK(took_effect(cut));
  CHECK(tells(cut, "5 bytes cut off"));
  CHECK(took_effect(arena.heal("file-truncate", cut)));
  CHECK(serves(etcd, first, seconds(10)));

  Value restored;
  std::thread writer([&] { write_some(etcd, second, 100); });
  restored = arena.inject("file-restore:targets=n1:after=1");
  writer.join();
  CHECK(took_effect(restored));
  CHECK(tells(restored, "files are as they were"));
  // Another process, that knows the ledger only.
  const auto summary = heal_from_ledger(arena.ledger_path(), arena.context());
  REQUIRE(summary);
  CHECK(summary->clean());
  REQUIRE(summary->healed.size() == 1);
  MESSAGE(summary->healed.front());
  CHECK(serves(etcd, first, seconds(10)));
  CHECK(residue_on(arena, first).empty());
  ruin_etcd(arena, first);
}

void break_redis(TestCluster& cluster) {
  Arena arena(cluster, true, "redis");
  Database& redis = *arena.database;
  Node& node = *cluster->nodes()[0];
  write_some(redis, node, 300);

  const Value cut = arena.inject("file-truncate:targets=n1:bytes=3");
  CHECK(took_effect(cut));
  CHECK(tells(cut, "3 bytes cut off in appendonlydir/"));
  CHECK(tells(cut, "runs again"));
  // Another fault keeps it dead meanwhile.
  const Value killed = arena.inject("kill:targets=n1");
  CHECK(took_effect(arena.heal("file-truncate", cut)));
  CHECK(state_of(redis, node) == "-");
  CHECK(took_effect(arena.heal("kill", killed)));
  CHECK(serves(redis, node, seconds(10)));

  for (const std::string fault :
       {"file-flip:targets=n1:bits=200", "file-copy:targets=n1:chunk=512"}) {
    const Value damaged = arena.inject(fault);
    CHECK(took_effect(damaged));
    const std::string name = fault.substr(0, fault.find(':'));
    CHECK(took_effect(arena.heal(name, damaged)));
    CHECK(serves(redis, node, seconds(10)));
  }
}

}  // namespace

TEST_CASE("file faults: etcd and redis on damaged files, and after it") {
  if (!docker_for_tests()) return;
  TestCluster cluster(test_cluster_options("files", 3));
  break_etcd(cluster);
  break_redis(cluster);
}
