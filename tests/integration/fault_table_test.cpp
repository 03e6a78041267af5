// Fault by fault on five real nodes, for each database: injected, its effect seen from outside by
// means that know nothing of faults, healed, and seen to be gone. Prints the table.
//
// GAUNTLET_FAULT_TABLE names the databases ("all" for etcd, redis and postgres), since each takes
// minutes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/duration.hpp"
#include "nemesis/data_disk.hpp"
#include "tests/integration/throughput.hpp"

using namespace gauntlet;
using std::chrono::seconds;

namespace {

/// What is asked for where "on n1" alone would leave too much to chance.
const std::map<std::string, std::string>& special_parameters() {
  static const std::map<std::string, std::string> parameters = {
      {"partition", ":shape=isolate:targets=n1"},
      {"loss", ":targets=n1:probability=0.5"},
      {"corrupt", ":targets=n1:probability=0.3:checksum=wrong"},
      {"clock-bump", ":targets=n1:offset=-5m"},
      {"clock-drift", ":targets=n1:rate=5000"},
      {"clock-strobe", ":targets=n1:delta=1h:period=1s"},
      {"bandwidth", ":targets=n1:rate_mbit=0.1"},
      {"membership", ":targets=n1"}};
  return parameters;
}

bool asked_for(const std::string& database) {
  const char* const text = std::getenv("GAUNTLET_FAULT_TABLE");
  const std::string names = text != nullptr ? text : "";
  return names == "all" || names.find(database) != std::string::npos;
}

/// How n1 looks from n2, from a client, and by its processes.
struct Look {
  std::int64_t pings_answered = 0, pings_twice = 0;
  double ping_ms = 0;
  double read_ms = -1;  ///< -1: no answer in time
  std::string processes;
  double clock_off_s = 0;

  std::string difference(const Look& other) const {
    std::vector<std::string> words;
    const bool slower = ping_ms > 3 * other.ping_ms + 3;
    if (pings_answered != other.pings_answered || slower) {
      words.push_back(fmt::format("{} of 10 pings answered, {:.1f} ms (before {:.1f})",
                                  pings_answered, ping_ms, other.ping_ms));
    }
    if (pings_twice > 0) words.push_back(fmt::format("{} pings answered twice", pings_twice));
    if (read_ms < 0) {
      words.emplace_back("a client gets no answer in 2 s");
    } else if (read_ms > 5 * other.read_ms + 10) {
      words.push_back(
          fmt::format("a read takes {:.0f} ms (before {:.0f})", read_ms, other.read_ms));
    }
    if (processes != other.processes)
      words.push_back(fmt::format("processes {} (before {})", processes, other.processes));
    if (std::abs(clock_off_s) > 1.5) words.push_back(fmt::format("clock {:+.1f} s", clock_off_s));
    std::string text;
    for (const auto& word : words)
      text += (text.empty() ? "" : "; ") + word;
    return text;
  }
};

class Observer {
 public:
  Observer(Arena& arena, TestCluster& nodes)
      : arena_(arena), n1_(nodes.node("n1")), n2_(nodes.node("n2")) {}

  Look look() {
    Look look;
    const Pings pings = ping(n2_, n1_, 10, "0.02");
    look.pings_answered = pings.received;
    look.pings_twice = pings.duplicates;
    look.ping_ms = pings.mean_ms;
    const Nanos start = monotonic_now();
    const auto deadline = Deadline::after(seconds(2));
    if (auto client = arena_.database->open_client(n1_, deadline)) {
      Operation read = operation("read", {}, Value(0));
      (*client)->invoke(read, deadline);
      if (read.type == OperationType::ok)
        look.read_ms = static_cast<double>(monotonic_now() - start) / nanos_per_millisecond;
    }
    look.processes = processes();
    const Nanos now_ns = std::chrono::system_clock::now().time_since_epoch().count();
    const auto told = arena_.database->clock(n1_);
    if (told && *told)
      look.clock_off_s = static_cast<double>((*told)->time_ns - now_ns) / nanos_per_second;
    return look;
  }

 private:
  /// "1 runs", "6 stopped", "none"; stopped ones are counted apart.
  std::string processes() {
    const std::string& name = ProcessIdentity(arena_.database->processes(n1_).front()).executable;
    const auto listed = n1_.run(
        Command::shell(fmt::format("ps -eo stat=,args= | grep -F {} | grep -v 'grep -F' | cut -c1",
                                   shell_quote(name.substr(name.rfind('/') + 1))))
            .root()
            .within(seconds(4)));
    if (!listed) return "cannot be asked for";
    const auto stopped = std::ranges::count(listed->output, 'T');
    if (stopped > 0) return "stopped";
    return listed->output.empty() ? "gone" : "there";
  }

  Arena& arena_;
  Node& n1_;
  Node& n2_;
};

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

void print_row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const auto& cell : cells)
    row += " " + (cell.empty() ? "-" : cell) + " |";
  fmt::print("{}\n", row);
  std::fflush(stdout);
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

void try_fault(Arena& arena, Observer& observer, const Fault& fault, TestCluster& nodes) {
  const std::string name(fault.name());
  CAPTURE(name);
  if (!serves(*arena.database, nodes.node("n1"), seconds(10))) start_anew(arena);
  const Look before = observer.look();
  const Load load(*arena.database, nodes.node("n1"));
  const auto special = special_parameters().find(name);
  const Value injected = arena.inject(
      name + (special != special_parameters().end() ? special->second : ":targets=n1"));
  const std::string skipped = text_of(injected, "skipped");
  if (!skipped.empty()) {
    print_row({name, "skipped: " + skipped, "", "", ""});
    return;
  }
  const Look during = observer.look();
  CHECK(took_effect(injected));
  const Value healed = arena.heal(name, injected);
  CHECK(took_effect(healed));
  // Nodes whose files were damaged stay marked, so that the next damage takes the same ones.
  if (name.starts_with("file-")) {
    for (Node* node : arena.cluster.nodes())
      CHECK(fault.clear(arena.context(), *node));
  }
  const std::string residue = arena.residue();
  CHECK(residue == "");
  const bool well = serves(*arena.database, nodes.node("n1"), seconds(20));
  CHECK(well);
  const Look after = observer.look();
  CHECK(after.pings_answered == 10);
  CHECK(after.processes == before.processes);
  CHECK(std::abs(after.clock_off_s) < 1.5);
  print_row({name, text_of(injected, "evidence"), during.difference(before),
             text_of(healed, "evidence"), well && residue.empty() ? "yes" : "NO " + residue});
}

}  // namespace

TEST_CASE("the table of faults: each on real nodes, seen from outside, healed, gone") {
  if (!docker_for_tests()) return;
  bool any = false;
  for (const char* const database : {"etcd", "redis", "postgres"}) {
    if (!asked_for(database)) continue;
    any = true;
    TestCluster nodes(test_cluster_options("table", 5));
    Arena arena(nodes, true, database);
    start_anew(arena);
    Observer observer(arena, nodes);
    fmt::print("\n## {}\n\n", database);
    print_row({"fault", "injected", "seen from outside", "healed", "gone"});
    print_row({"---", "---", "---", "---", "---"});
    for (const Fault* fault : FaultRegistry::instance().all())
      try_fault(arena, observer, *fault, nodes);
    for (Node* node : arena.cluster.nodes()) {
      CHECK(arena.database->kill(*node));
      if (const auto folder = arena.database->data_folder(); folder)
        CHECK(remove_data_disk(*node, *folder));
    }
  }
  if (!any) MESSAGE("skipped: GAUNTLET_FAULT_TABLE names databases, or says all");
}
