// etcd on containers: that what databases/etcd.cpp promises holds on real nodes.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <thread>

#include "harness/control/daemon.hpp"
#include "harness/control/docker_cluster.hpp"
#include "harness/run/database.hpp"

using namespace gauntlet;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// Three nodes for all tests of this file, made for the first one and removed at the end.
class Containers {
 public:
  /// nullptr, after a message, where there is no Docker.
  static Cluster* get() {
    static Containers containers;
    if (!containers.cluster_) MESSAGE("skipped, no Docker: " << containers.reason_);
    return containers.cluster_.get();
  }

 private:
  Containers() {
    if (const char* reason = std::getenv("GAUNTLET_DOCKER_UNAVAILABLE")) {
      reason_ = reason;
      return;
    }
    DockerClusterOptions options;
    options.name = name_;
    options.nodes = 3;
    options.run = "etcd_test";
    auto cluster = docker_up(options);
    if (cluster) {
      cluster_ = std::move(*cluster);
    } else if (cluster.error().kind == ErrorKind::resource) {
      reason_ = cluster.error().to_string();
    } else {
      FAIL(cluster.error().to_string());
    }
  }
  ~Containers() {
    if (!cluster_) return;
    cluster_.reset();
    (void)docker_down(name_);
  }

  const std::string name_ = "etcd-test-" + std::to_string(getpid());
  std::unique_ptr<Cluster> cluster_;
  std::string reason_;
};

#define OK(result)                                                 \
  do {                                                             \
    const auto& outcome = (result);                                \
    INFO((outcome ? std::string() : outcome.error().to_string())); \
    REQUIRE(outcome.has_value());                                  \
  } while (false)

/// etcd on the containers; wiped before and after.
struct Etcd {
  explicit Etcd(Cluster& on, const std::string& consistency = "linearizable")
      : cluster(on), database(DatabaseRegistry::instance().find("etcd")->make()) {
    OK(database->configure(cluster, {{"read-consistency", consistency},
                                     {"election-timeout", "500ms"},
                                     {"snapshot-count", "1000"},
                                     {"strict-reconfig-check", "false"}}));
    each([&](Node& node) { return database->install(node); });
    each([&](Node& node) { return database->wipe(node); });
  }
  ~Etcd() {
    on_each<void>(cluster.nodes(), [&](Node& node) { return database->wipe(node); });
  }

  void each(const std::function<Result<void>(Node&)>& action) {
    OK(all_of(cluster.nodes(), on_each<void>(cluster.nodes(), action)));
  }
  void up() {
    each([&](Node& node) { return database->start(node); });
    OK(database->await_ready(Deadline::after(seconds(20))));
  }

  Operation invoke(Node& node, const std::string& f, Value value = {},
                   milliseconds timeout = seconds(5)) {
    auto client = database->open_client(node, Deadline::after(seconds(1)));
    OK(client);
    Operation operation;
    operation.f = f;
    operation.value = std::move(value);
    operation.key = 7;
    (*client)->invoke(operation, Deadline::after(timeout));
    return operation;
  }

  /// The one leader, once there is one that is not `other`.
  std::string leader(const std::string& other = "") {
    const Deadline deadline = Deadline::after(seconds(15));
    while (!deadline.passed()) {
      const auto names = database->primaries();
      OK(names);
      if (names->size() == 1 && names->front() != other) return names->front();
      std::this_thread::sleep_for(milliseconds(50));
    }
    FAIL("no leader");
    return {};
  }

  Cluster& cluster;
  std::unique_ptr<Database> database;
};

}  // namespace

TEST_CASE("etcd serves reads, writes and comparisons through every node") {
  Cluster* const containers = Containers::get();
  if (containers == nullptr) return;
  Etcd etcd(*containers);
  etcd.up();
  const auto nodes = containers->nodes();
  CHECK(containers->find(etcd.leader()) != nullptr);
  CHECK(etcd.invoke(*nodes[0], "read").value.is_nil());
  CHECK(etcd.invoke(*nodes[0], "cas", Value::list({{}, 0})).type == OperationType::ok);
  int expected = 0;
  for (Node* writer : nodes) {
    CHECK(etcd.invoke(*writer, "write", ++expected).type == OperationType::ok);
    CHECK(etcd.invoke(*writer, "cas", Value::list({99, 100})).type == OperationType::fail);
    CHECK(etcd.invoke(*writer, "cas", Value::list({{}, 100})).type == OperationType::fail);
    CHECK(etcd.invoke(*writer, "cas", Value::list({expected, expected + 1})).type ==
          OperationType::ok);
    ++expected;
    for (Node* reader : nodes)
      CHECK(etcd.invoke(*reader, "read").value == Value(expected));
    const auto version = etcd.database->version(*writer);
    OK(version);
    CHECK(version->starts_with("3."));
    CHECK(version->find_first_not_of("0123456789.") == std::string::npos);
    for (const auto& log : etcd.database->log_files(*writer))
      CHECK_FALSE(last_log_lines(*writer, log).empty());
  }
}

TEST_CASE("etcd: the leader is killed and comes back with the data; wiping forgets it") {
  Cluster* const containers = Containers::get();
  if (containers == nullptr) return;
  Etcd etcd(*containers);
  etcd.up();
  const std::string first = etcd.leader();
  Node& killed = *containers->find(first);
  const ProcessIdentity identity = etcd.database->processes(killed).at(0);
  const auto before = daemon_status(killed, identity);
  OK(before);
  REQUIRE(before->running);
  CHECK(etcd.invoke(killed, "write", 1).type == OperationType::ok);

  OK(etcd.database->kill(killed));
  OK(etcd.database->kill(killed));
  const auto after = daemon_status(killed, identity);
  OK(after);
  CHECK_FALSE(after->running);
  CHECK(etcd.invoke(killed, "write", 2).type == OperationType::fail);  // refused: definite
  Node& second = *containers->find(etcd.leader(first));
  CHECK(etcd.invoke(second, "read").value == Value(1));
  CHECK(etcd.invoke(second, "write", 3).type == OperationType::ok);

  OK(etcd.database->start(killed));
  OK(etcd.database->start(killed));
  OK(etcd.database->await_ready(Deadline::after(seconds(20))));
  CHECK(etcd.invoke(killed, "read").value == Value(3));
  const auto restarted = daemon_status(killed, identity);
  OK(restarted);
  CHECK(restarted->running);
  CHECK(restarted->start_ticks != before->start_ticks);

  etcd.each([&](Node& node) { return etcd.database->stop(node); });
  etcd.each([&](Node& node) { return etcd.database->stop(node); });
  etcd.up();
  CHECK(etcd.invoke(killed, "read").value == Value(3));
  etcd.each([&](Node& node) { return etcd.database->wipe(node); });
  etcd.up();
  CHECK(etcd.invoke(killed, "read").value.is_nil());
}

TEST_CASE("etcd without a majority: changes are indefinite, only serializable reads are answered") {
  Cluster* const containers = Containers::get();
  if (containers == nullptr) return;
  const auto nodes = containers->nodes();
  Etcd etcd(*containers, "serializable");
  etcd.up();
  CHECK(etcd.invoke(*nodes[0], "write", 5).type == OperationType::ok);
  CHECK(etcd.database->claim({}) == "linearizable");
  OK(etcd.database->kill(*nodes[1]));
  OK(etcd.database->kill(*nodes[2]));
  CHECK(etcd.invoke(*nodes[0], "write", 6, milliseconds(700)).type == OperationType::info);
  CHECK(etcd.invoke(*nodes[0], "cas", Value::list({5, 6}), milliseconds(700)).type ==
        OperationType::info);
  CHECK(etcd.invoke(*nodes[0], "read").value == Value(5));
  OK(etcd.database->configure(*containers, {{"read-consistency", "linearizable"},
                                            {"election-timeout", "500ms"},
                                            {"snapshot-count", "1000"},
                                            {"strict-reconfig-check", "false"}}));
  CHECK(etcd.invoke(*nodes[0], "read", {}, milliseconds(700)).type == OperationType::fail);
  const auto waited = etcd.database->await_ready(Deadline::after(milliseconds(2500)));
  REQUIRE(waited.has_error());
  CHECK(waited.error().what.find("etcd has ended") != std::string::npos);
}

TEST_CASE("etcd that does not come up is named, with the end of its log") {
  Cluster* const containers = Containers::get();
  if (containers == nullptr) return;
  Node& node = *containers->nodes()[1];
  Etcd etcd(*containers);
  Daemon squatter;
  squatter.identity = {"/run/gauntlet/squatter.pid", "/usr/bin/etcd"};
  squatter.log_file = "/var/log/gauntlet/squatter.log";
  squatter.arguments = {"--data-dir=/tmp/squatter",
                        "--listen-peer-urls=http://0.0.0.0:2380",
                        "--initial-advertise-peer-urls=http://127.0.0.1:2380",
                        "--initial-cluster=default=http://127.0.0.1:2380",
                        "--listen-client-urls=http://127.0.0.1:9999",
                        "--advertise-client-urls=http://127.0.0.1:9999"};
  OK(start_daemon(node, squatter));
  struct Cleanup {
    Node& node;
    ProcessIdentity identity;
    ~Cleanup() {
      (void)kill_daemon(node, identity);
      (void)node.run(Command::of({"rm", "-rf", "/tmp/squatter"}).root());
    }
  } cleanup{node, squatter.identity};
  std::this_thread::sleep_for(milliseconds(500));  // until it listens

  const auto started =
      on_each<void>(containers->nodes(), [&](Node& each) { return etcd.database->start(each); });
  auto ready = all_of(containers->nodes(), started);
  const Nanos start = monotonic_now();
  if (ready) ready = etcd.database->await_ready(Deadline::after(seconds(30)));
  REQUIRE(ready.has_error());
  CHECK(ready.error().what.find("n2") != std::string::npos);
  CHECK(ready.error().what.find("address already in use") != std::string::npos);
  CHECK(ready.error().what.find('\n') == std::string::npos);
  CHECK(monotonic_now() - start < 10 * nanos_per_second);  // it does not wait for the deadline
}

TEST_CASE("etcd that is not installed and cannot be is a clear error") {
  Cluster* const containers = Containers::get();
  if (containers == nullptr) return;
  Node& node = *containers->nodes()[2];
  Etcd etcd(*containers);
  OK(node.must(Command::shell("cp -p /usr/bin/etcd /usr/bin/etcd.away && "
                              "dpkg --force-depends --remove etcd-server")
                   .root()));
  struct Cleanup {
    Node& node;
    ~Cleanup() {
      (void)node.run(Command::of({"mv", "/usr/bin/etcd.away", "/usr/bin/etcd"}).root());
    }
  } cleanup{node};
  const auto installed = etcd.database->install(node);
  REQUIRE(installed.has_error());
  CHECK(installed.error().what.find("/usr/bin/etcd is absent") != std::string::npos);
  CHECK_FALSE(installed.error().remedy.empty());
  const auto started = etcd.database->start(node);
  REQUIRE(started.has_error());
  CHECK(started.error().what.find("no program /usr/bin/etcd") != std::string::npos);
}
