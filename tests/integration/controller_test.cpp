// The whole program on real nodes: a valid run under faults, stale reads found, a killed
// controller.
//
// All runs use one cluster of containers, brought up by the first and removed at the end, also when
// a test fails.

#include <doctest/doctest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

#include "harness/control/docker_client.hpp"
#include "harness/control/docker_cluster.hpp"
#include "history/json_value.hpp"
#include "history/reader.hpp"
#include "nemesis/ledger.hpp"
#include "tests/cli/program.hpp"

using namespace gauntlet;

namespace {

/// The cluster's name, and its end. The nodes are `gauntlet test`'s to bring up.
class Nodes {
 public:
  static Nodes& get() {
    static Nodes nodes;
    return nodes;
  }
  const std::string& cluster() const { return cluster_; }
  /// False, after a message, where there is no Docker.
  bool available() const {
    if (!reason_.empty()) MESSAGE("skipped, no Docker: " << reason_);
    return reason_.empty();
  }
  ~Nodes() {
    if (reason_.empty()) (void)docker_down(cluster_, {std::chrono::seconds(30)});
  }

 private:
  Nodes() : cluster_("controller-test-" + std::to_string(::getpid())) {
    if (const auto docker = docker_available(); !docker) {
      reason_ = docker.error().to_string();
      return;
    }
    const auto up =
        gauntlet::gauntlet({"nodes", "up", "--cluster", cluster_}, std::chrono::seconds(90));
    REQUIRE_MESSAGE(up.exit_code == 0, up.error_output);
  }

  std::string cluster_;
  std::string reason_;
};

ProcessResult on_nodes(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--cluster", Nodes::get().cluster()});
  return gauntlet::gauntlet(std::move(arguments), std::chrono::seconds(180));
}

/// A program under way, to be killed.
class Background {
 public:
  explicit Background(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (auto& word : words)
      argv.push_back(word.data());
    argv.push_back(nullptr);
    REQUIRE(::posix_spawn(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) == 0);
  }
  ~Background() {
    if (pid_ > 0) kill();
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

/// Waits until `done`, at most `time`.
bool eventually(std::chrono::seconds time, const std::function<bool()>& done) {
  const Deadline deadline = Deadline::after(time);
  while (!done()) {
    if (deadline.passed()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

/// Names of the faults that are in place by the ledger and were seen to take effect.
std::vector<std::string> faults_in_place(const std::string& run) {
  std::vector<std::string> names;
  const auto entries = FaultLedger::read(run + "/faults.jsonl");
  std::ifstream in(run + "/faults.jsonl");
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  if (!entries) return names;
  for (const auto& entry : *entries) {
    const std::string observed =
        "\"event\":\"observed\",\"id\":" + std::to_string(entry.id) + ",\"took_effect\":true";
    if (!entry.healed && text.find(observed) != std::string::npos) names.push_back(entry.fault);
  }
  return names;
}

/// What a fault may leave on the nodes: tables of ours, stopped processes. Empty if nothing.
std::string leftovers() {
  DockerClusterOptions options;
  options.name = Nodes::get().cluster();
  const auto cluster = docker_attach(options);
  REQUIRE_MESSAGE(cluster.has_value(), (cluster ? "" : cluster.error().to_string()));
  std::string found;
  for (Node* node : (*cluster)->nodes()) {
    const auto result =
        node->must(Command::shell("nft list tables | grep gauntlet; ps -eo stat,comm | grep '^T'; "
                                  "iptables -S | grep -i gauntlet; true"));
    REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().to_string()));
    found += result->output;
  }
  return found;
}

}  // namespace

TEST_CASE("etcd is valid under partitions, kills and pauses") {
  if (!Nodes::get().available()) return;
  const Scratch scratch;
  const auto result = on_nodes({"test", "etcd", "--nemesis", "partition,kill,pause",
                                "--nemesis-interval", "2s", "--time-limit", "15s", "--recovery",
                                "2s", "--store", scratch.path("store"), "--json"});
  CAPTURE(result.error_output);
  CHECK(result.exit_code == 0);
  const auto json = parse_json(result.output, "stdout");
  REQUIRE(json.has_value());
  CHECK(*json->find("valid") == Value(true));
  CHECK(json->find("operations")->integer() > 300);
  CHECK(FaultLedger::read(scratch.path("store/latest/faults.jsonl"))->size() >= 2);
  CHECK(std::filesystem::exists(scratch.path("store/latest/nodes/n5/etcd.log")));
  CHECK(leftovers() == "");
}

TEST_CASE("stale reads of etcd's serializable mode are found and named") {
  if (!Nodes::get().available()) return;
  const Scratch scratch;
  const auto result = on_nodes({"test", "etcd", "--read-consistency", "serializable", "--nemesis",
                                "partition", "--nemesis-interval", "3s", "--time-limit", "20s",
                                "--recovery", "1s", "--store", scratch.path("store"), "--json"});
  CAPTURE(result.error_output);
  CHECK(result.exit_code == 1);
  const auto json = parse_json(result.output, "stdout");
  REQUIRE(json.has_value());
  bool stale = false;
  for (const auto& anomaly : json->find("anomalies")->items()) {
    stale = stale || *anomaly.find("name") == Value("stale read");
  }
  CHECK(stale);
}

TEST_CASE("with --stop-on-violation a run ends moments after etcd's first stale read") {
  if (!Nodes::get().available()) return;
  const Scratch scratch;
  const auto result = on_nodes({"test", "etcd", "--read-consistency", "serializable", "--nemesis",
                                "partition", "--nemesis-interval", "2s", "--time-limit", "150s",
                                "--stop-on-violation", "--store", scratch.path("store"), "--json"});
  CAPTURE(result.error_output);
  CHECK(result.exit_code == 1);
  CHECK(result.duration_ns < 100 * nanos_per_second);
  const auto json = parse_json(result.output, "stdout");
  REQUIRE(json.has_value());
  CHECK(*json->find("valid") == Value(false));
  std::string notes;
  for (const Value& note : json->find("notes")->items())
    notes += note.string() + "\n";
  CAPTURE(notes);
  CHECK(notes.find("the monitor saw a violation on key") != std::string::npos);
  CHECK(notes.find("NOT HEALED") == std::string::npos);
  CHECK(notes.find("INTERNAL") == std::string::npos);
  CHECK(gauntlet::gauntlet({"heal", scratch.path("store/latest")}).exit_code == 0);
}

TEST_CASE(
    "after kill -9 of the controller in mid-fault nothing is lost and heal restores the nodes") {
  if (!Nodes::get().available()) return;
  const Scratch scratch;
  const std::string run = scratch.path("store/latest");
  for (const char* fault : {"partition:shape=halves", "pause:targets=minority"}) {
    CAPTURE(fault);
    {
      Background controller({program_path(), "test", "etcd", "--nemesis", fault,
                             "--nemesis-interval", "20s", "--time-limit", "60s", "--store",
                             scratch.path("store"), "--cluster", Nodes::get().cluster()});
      const std::string name = std::string(fault).substr(0, std::string(fault).find(':'));
      const bool injected = eventually(std::chrono::seconds(90), [&] {
        const auto faults = faults_in_place(run);
        return faults.size() == 1 && faults[0] == name;
      });
      REQUIRE(injected);
      controller.kill();
    }
    CHECK_FALSE(leftovers().empty());

    // The history: every line whole but perhaps the last, and it can be judged.
    const auto read = read_history(run);
    REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().to_string()));
    CHECK(read->history.size() > 20);
    CHECK(read->warnings.size() <= 1);
    const auto judged = gauntlet::gauntlet({"check", run});
    CHECK((judged.exit_code == 0 || judged.exit_code == 2));

    const auto healed = gauntlet::gauntlet({"heal", run});
    CAPTURE(healed.output);
    CAPTURE(healed.error_output);
    CHECK(healed.exit_code == 0);
    CHECK(leftovers() == "");
    CHECK(faults_in_place(run).empty());
  }
}

TEST_CASE("the next run heals what a killed one left") {
  if (!Nodes::get().available()) return;
  const Scratch scratch;
  {
    Background controller({program_path(), "test", "etcd", "--nemesis", "partition",
                           "--nemesis-interval", "20s", "--time-limit", "60s", "--store",
                           scratch.path("store"), "--cluster", Nodes::get().cluster()});
    REQUIRE(eventually(std::chrono::seconds(90),
                       [&] { return !faults_in_place(scratch.path("store/latest")).empty(); }));
  }
  const auto next =
      on_nodes({"test", "etcd", "--time-limit", "3s", "--store", scratch.path("store"), "--json"});
  CAPTURE(next.error_output);
  CHECK(next.exit_code == 0);
  CHECK(next.output.find("an earlier run had left a fault") != std::string::npos);
  CHECK(leftovers() == "");
}

TEST_CASE("hosts that cannot be reached are one line with a cause") {
  const Scratch scratch;
  const auto refused = gauntlet::gauntlet({"test", "etcd", "--node", "root@127.0.0.1:1",
                                           "--time-limit", "1s", "--store", scratch.path("store")});
  CAPTURE(refused.error_output);
  CHECK(refused.exit_code == 3);
  CHECK(refused.error_output.find("127.0.0.1") != std::string::npos);
}

TEST_CASE("a node that is lost in the middle does not end the test") {
  if (!Nodes::get().available()) return;
  const Scratch scratch;
  const std::string cluster = Nodes::get().cluster();
  std::jthread killer([&] {
    const std::string history = scratch.path("store/latest/history.jsonl");
    (void)eventually(std::chrono::seconds(60), [&] { return std::filesystem::exists(history); });
    std::this_thread::sleep_for(std::chrono::seconds(2));
    (void)docker({"kill", docker_container(cluster, "n4")});
  });
  const auto result =
      on_nodes({"test", "etcd", "--time-limit", "8s", "--store", scratch.path("store"), "--json"});
  killer.join();
  CAPTURE(result.error_output);
  CHECK(result.exit_code == 0);
  CHECK(result.output.find("n4: ") != std::string::npos);
  const auto read = read_history(scratch.path("store/latest"));
  REQUIRE(read.has_value());
  std::size_t failed_on_n4 = 0;
  std::size_t ok_elsewhere = 0;
  for (EventIndex i = 0; i < read->history.size(); ++i) {
    const bool on_n4 = read->history.node(i) == "n4";
    const auto type = read->history.type(i);
    failed_on_n4 += on_n4 && (type == OperationType::info || type == OperationType::fail);
    ok_elsewhere += !on_n4 && type == OperationType::ok;
  }
  CHECK(failed_on_n4 > 0);
  CHECK(ok_elsewhere > 100);
}
