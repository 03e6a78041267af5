// Fault by fault on five real nodes, for each database: injected, its effect seen from outside by
// means that know nothing of faults (fault_looks.hpp), healed, and seen to be gone.
//
// GAUNTLET_FAULT_TABLE names the databases ("all" for etcd, redis and postgres), since each takes
// minutes; GAUNTLET_FAULT_TABLE_FAULTS names faults, if not all are meant. The table goes into the
// file that GAUNTLET_FAULT_TABLE_FILE names, such as docs/fault-table.md.
#include "tests/integration/fault_table.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <stop_token>
#include <string>
#include <thread>

#include "nemesis/data_disk.hpp"
#include "tests/integration/fault_looks.hpp"

using namespace gauntlet;
using std::chrono::seconds;

namespace {

/// Whether the variable names it, among others divided by blanks or commas, or says all.
bool asked_for(const char* variable, const std::string& name, const char* by_default) {
  const char* const text = std::getenv(variable);
  std::string names = text != nullptr ? text : by_default;
  if (names == "all") return true;
  std::ranges::replace(names, ' ', ',');
  return ("," + names + ",").find("," + name + ",") != std::string::npos;
}

/// A client of n1 that writes all the while, so that faults on disks and files have something to
/// act upon.
class Load {
 public:
  Load(Database& database, Node& node)
      : thread_([&database, &node](const std::stop_token& stop) {
          for (int i = 0; !stop.stop_requested(); ++i) {
            const auto deadline = Deadline::after(seconds(1));
            if (auto client = database.open_client(node, deadline)) {
              for (int each = 0; each < 10 && !deadline.passed(); ++each) {
                Operation write = operation("write", Value(i), Value(each));
                (*client)->invoke(write, deadline);
                if (write.type == OperationType::info) break;
              }
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
          }
        }) {}

 private:
  std::jthread thread_;
};

std::string text_of(const Value& value, std::string_view name) {
  const Value* found = value.find(name);
  return found != nullptr && found->is_string() ? found->string() : "";
}

/// The database on file systems of ours, serving, whatever a fault has left of it.
void start_anew(Arena& arena) {
  const auto each = [&](Node& node) -> Result<void> {
    if (auto killed = arena.database->kill(node); !killed) return killed;
    const auto folder = arena.database->data_folder();
    if (folder && !arena.database->processes(node).empty()) {
      if (auto removed = remove_data_disk(node, *folder); !removed) return removed;
      if (auto wiped = arena.database->wipe(node); !wiped) return wiped;
      if (auto mounted = mount_data_disk(node, *folder); !mounted) return mounted;
    }
    return arena.database->start(node);
  };
  const auto nodes = arena.cluster.nodes();
  REQUIRE(all_of(nodes, on_each<void>(nodes, each)));
  REQUIRE(arena.database->await_ready(Deadline::after(seconds(40))));
}

/// Looks until it is so, or `time` is over: machines that are busy with other things are slow, too.
Sight look_until(const Look& look, bool disturbed, seconds time) {
  const auto deadline = Deadline::after(time);
  Sight sight = look();
  while (sight.disturbed != disturbed && !deadline.passed())
    sight = look();
  return sight;
}

/// The fault's cell in the table: what was seen before, during it, and after the heal.
std::string try_fault(Scene& scene, const Fault& fault) {
  const std::string name(fault.name());
  CAPTURE(name);
  Arena& arena = scene.arena;
  if (const auto why = fault.unsupported(arena.context())) return "skipped: " + *why;
  const FaultLook how = look_at_fault(name);
  REQUIRE(bool(how.begin));
  if (!serves(scene.database, scene.n1, seconds(10))) start_anew(arena);
  const Load load(scene.database, scene.n1);
  const Look look = how.begin(scene);

  const Sight before = look_until(look, false, seconds(20));
  CHECK_FALSE_MESSAGE(before.disturbed, before.text);
  const Value injected = arena.inject(name + how.parameters);
  CHECK(took_effect(injected));
  const Sight during = look_until(look, true, seconds(20));
  CHECK_MESSAGE(during.disturbed, during.text);
  const Value healed = arena.heal(name, injected);
  CHECK(took_effect(healed));
  const Sight after = look_until(look, false, seconds(20));
  CHECK_FALSE_MESSAGE(after.disturbed, after.text);

  // Nodes whose files were damaged stay marked, so that the next damage takes the same ones.
  if (name.starts_with("file-")) {
    for (Node* node : arena.cluster.nodes())
      CHECK(fault.clear(arena.context(), *node));
  }
  CHECK(arena.residue() == "");
  const bool well = serves(scene.database, scene.n1, seconds(20));
  CHECK_MESSAGE(well, last_log_lines(scene.n1, scene.database.log_files(scene.n1).front(), 20));
  MESSAGE(text_of(injected, "evidence") << "; " << text_of(healed, "evidence"));
  return fmt::format("{} → {} → {}", before.text, during.text, after.text);
}

void try_faults(const std::string& database, FaultTable& table) {
  TestCluster nodes(test_cluster_options("table", 5));
  Arena arena(nodes, true, database);
  auto watched = std::make_unique<WatchedDatabase>(std::move(arena.database));
  Scene scene{arena, *watched, nodes.node("n1"), nodes.node("n2")};
  arena.database = std::move(watched);
  arena.nemesis = std::make_unique<NemesisClient>(arena.context(), *arena.ledger, 1);
  start_anew(arena);
  for (const Fault* fault : FaultRegistry::instance().all()) {
    const std::string name(fault->name());
    if (asked_for("GAUNTLET_FAULT_TABLE_FAULTS", name, "all"))
      table.add(database, name, try_fault(scene, *fault));
  }
  for (Node* node : arena.cluster.nodes()) {
    CHECK(arena.database->kill(*node));
    if (const auto folder = arena.database->data_folder(); folder)
      CHECK(remove_data_disk(*node, *folder));
  }
}

}  // namespace

TEST_CASE("each fault has a look from outside") {
  for (const Fault* fault : FaultRegistry::instance().all()) {
    CAPTURE(fault->name());
    CHECK(bool(look_at_fault(std::string(fault->name())).begin));
  }
}

TEST_CASE("the table of faults: each on real nodes, seen from outside, healed, gone") {
  if (!docker_for_tests()) return;
  FaultTable table;
  bool any = false;
  for (const char* const database : {"etcd", "redis", "postgres"}) {
    if (!asked_for("GAUNTLET_FAULT_TABLE", database, "")) continue;
    any = true;
    try_faults(database, table);
  }
  if (!any) MESSAGE("skipped: GAUNTLET_FAULT_TABLE names databases, or says all");
  const char* const file = std::getenv("GAUNTLET_FAULT_TABLE_FILE");
  if (any && file != nullptr) table.write_into(file);
}
