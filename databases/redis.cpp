// redis: one primary, on the first node, and a replica of it on every other one.
//
// Replication is asynchronous and nothing fails over: this is redis without Sentinel or Cluster.
// What it is good for here: it stays correct or not by its append-only file alone, so faults on
// disks, clocks and processes show their effect undisguised.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "databases/debian_package.hpp"
#include "databases/member_note.hpp"
#include "databases/redis_client.hpp"
#include "databases/redis_connection.hpp"
#include "databases/redis_role.hpp"
#include "harness/control/daemon.hpp"
#include "harness/run/database.hpp"

namespace gauntlet {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* program = "/usr/bin/redis-server";
constexpr const char* folder_of_data = "/var/lib/gauntlet/redis";
constexpr const char* log_file = "/var/log/gauntlet/redis.log";
constexpr const char* pid_file = "/run/gauntlet/redis.pid";
/// On a node that has left the cluster.
constexpr const char* members_file = "/var/lib/gauntlet/redis.members";
constexpr int port = 6379;

ProcessIdentity identity() {
  return {pid_file, program};
}

/// Debian's package starts a server of its own where there is a service manager; that one must not
/// hold the port. A node that already has the program is left as it is.
constexpr const char* install_script = R"sh(
export DEBIAN_FRONTEND=noninteractive
export RES_OPTIONS="timeout:2 attempts:1"  # a node without a way out shall not keep us waiting
apt() {
  apt-get -q -o Acquire::Retries=0 -o Acquire::http::Timeout=10 -o DPkg::Lock::Timeout=60 \
    -o APT::Update::Error-Mode=any "$@"
}
install() { apt install -y --no-install-recommends redis-server; }
install || { apt update && install; } || exit
if command -v systemctl >/dev/null; then systemctl disable --now redis-server || true; fi
[ -x /usr/bin/redis-server ]
)sh";

Result<redis::Role> role_of(const Node& node, Deadline deadline) {
  return redis::role_of(node.address(), port, deadline);
}

}  // namespace

class Redis : public Database {
 public:
  std::string_view name() const override { return "redis"; }
  std::string_view description() const override {
    return "redis, one primary with asynchronous replicas (Debian package redis-server)";
  }
  std::vector<DatabaseOption> options() const override {
    return {
        {"appendfsync",
         "everysec",
         {"everysec", "always", "no"},
         "when the append-only file is synced; only always keeps what was acknowledged through a "
         "loss of power"},
        {"read-from",
         "primary",
         {"primary", "own-node"},
         "own-node: clients read from the server of their own node, which may be behind"},
    };
  }
  std::vector<std::string> functions() const override { return {"read", "write", "cas", "add"}; }
  /// Whatever the options: with replicas read, or with everysec and loss of power, the test is to
  /// show what that costs.
  std::string claim(const OptionValues&) const override { return "linearizable"; }

  Result<void> configure(Cluster& cluster, const OptionValues& options) override {
    cluster_ = &cluster;
    appendfsync_ = options.at("appendfsync");
    read_own_node_ = options.at("read-from") == "own-node";
    return {};
  }
  Result<void> install(Node& node) override;
  Result<void> wipe(Node& node) override;
  Result<void> start(Node& node) override;
  Result<void> stop(Node& node) override { return stop_daemon(node, identity(), seconds(10)); }
  Result<void> kill(Node& node) override { return kill_daemon(node, identity()); }
  Result<void> await_ready(Deadline deadline) override;

  Result<std::string> version(Node& node) override;
  Result<std::vector<std::string>> primaries() override;
  std::vector<std::string> log_files(const Node&) const override { return {log_file}; }
  std::optional<int> client_port() const override { return port; }
  std::optional<std::string> data_folder() const override { return folder_of_data; }
  Result<std::optional<ClockReading>> clock(Node& node) override;
  std::vector<ProcessIdentity> processes(const Node&) const override { return {identity()}; }
  std::optional<std::string> has_to_stay(const Node& node) const override {
    if (!is_primary(node)) return std::nullopt;
    return "it is the primary, and none takes over from it";
  }
  Result<std::vector<std::string>> members(Node& asked) override;
  Result<void> leave(Node& node) override;
  Result<void> join(Node& node) override;
  Result<ClientPtr> open_client(Node& node, Deadline) override {
    const std::string& primary_address = primary().address();
    return std::make_unique<RedisClient>(primary_address,
                                         read_own_node_ ? node.address() : primary_address, port);
  }

 private:
  const Node& primary() const { return *cluster_->nodes().front(); }
  bool is_primary(const Node& node) const { return node.name() == primary().name(); }
  Result<void> await_server(Node& node, Deadline deadline) const;
  Result<void> await_listing(const Node& node, bool listed, Deadline deadline) const;

  Cluster* cluster_ = nullptr;
  std::string appendfsync_;
  bool read_own_node_ = false;
};

Result<void> Redis::install(Node& node) {
  return install_package(node, "redis-server", program, install_script);
}

Result<void> Redis::wipe(Node& node) {
  if (auto killed = kill(node); !killed) return killed;
  const auto removed =
      node.must(Command::of({"rm", "-rf", "--", folder_of_data, log_file, members_file}).root());
  if (!removed) return removed.error();
  return {};
}

Result<void> Redis::start(Node& node) {
  const auto known = noted(node, members_file);
  if (!known) return known.error();
  if (*known == left_note)
    return failure(ErrorKind::remote, node.name() + " has left the cluster and has not joined it");
  const auto made = node.must(Command::of({"mkdir", "-p", "--", folder_of_data}).root());
  if (!made) return made.error();
  Daemon daemon;
  daemon.identity = identity();
  daemon.log_file = log_file;
  daemon.arguments = {"--port",
                      std::to_string(port),
                      "--bind",
                      "*",
                      "-::*",
                      "--protected-mode",
                      "no",
                      "--daemonize",
                      "no",
                      "--dir",
                      folder_of_data,
                      "--appendonly",
                      "yes",
                      "--appendfsync",
                      appendfsync_,
                      "--save",
                      "",
                      "--repl-timeout",
                      "10",
                      "--repl-ping-replica-period",
                      "2",
                      "--replica-serve-stale-data",
                      "yes",
                      "--repl-diskless-sync-delay",
                      "0"};
  if (!is_primary(node)) {
    daemon.arguments.insert(daemon.arguments.end(),
                            {"--replicaof", primary().address(), std::to_string(port),
                             "--replica-announce-ip", node.address()});
  }
  return start_daemon(node, daemon);
}

/// The primary serves once it has read its data; a replica once it follows the primary.
Result<void> Redis::await_server(Node& node, Deadline deadline) const {
  const bool leads = is_primary(node);
  while (!deadline.passed()) {
    RedisConnection connection(node.address(), port);
    const RedisReply pong = connection.command({"PING"}, deadline.capped(seconds(2)));
    if (pong.complete && !pong.refused) {
      const auto role = role_of(node, deadline.capped(seconds(2)));
      if (role && (leads ? role->primary : role->linked)) return {};
    }
    const auto process = daemon_status(node, identity());
    if (process && !process->running) break;
    std::this_thread::sleep_for(
        std::min<std::chrono::nanoseconds>(milliseconds(50), deadline.left()));
  }
  Error error =
      failure(deadline.passed() ? ErrorKind::timeout : ErrorKind::remote,
              deadline.passed() ? "redis did not become ready in time" : "redis has ended",
              fmt::format("see {} on {}", log_file, node.name()));
  if (const std::string log = last_log_lines(node, log_file); !log.empty())
    error.what += "; its log ends: " + log;
  return error;
}

Result<void> Redis::await_ready(Deadline deadline) {
  const auto nodes = cluster_->nodes();
  return all_of(nodes,
                on_each<void>(nodes, [&](Node& node) { return await_server(node, deadline); }));
}

/// "Redis server v=7.0.15 sha=..."
Result<std::string> Redis::version(Node& node) {
  const auto result = node.must(Command::of({program, "--version"}));
  if (!result) return result.error();
  const std::size_t begin = result->output.find("v=");
  const std::size_t end = result->output.find(' ', begin == std::string::npos ? 0 : begin);
  if (begin == std::string::npos || end == std::string::npos || end - begin > 40)
    return failure(ErrorKind::remote, "redis-server --version printed something else");
  return result->output.substr(begin + 2, end - begin - 2);
}

Result<std::vector<std::string>> Redis::primaries() {
  const auto nodes = cluster_->nodes();
  const auto leads = on_each<bool>(nodes, [](Node& node) -> Result<bool> {
    const auto role = role_of(node, Deadline::after(seconds(1)));
    return role && role->primary;
  });
  std::vector<std::string> names;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (leads[i] && *leads[i]) names.push_back(nodes[i]->name());
  return names;
}

/// TIME answers seconds and microseconds.
Result<std::optional<ClockReading>> Redis::clock(Node& node) {
  RedisConnection connection(node.address(), port);
  const RedisReply reply = connection.command({"TIME"}, Deadline::after(seconds(2)));
  if (!reply.complete || reply.refused) return failure(ErrorKind::transport, reply.error);
  std::int64_t parts[2] = {};
  bool whole = reply.value.is_list() && reply.value.items().size() == 2;
  for (std::size_t i = 0; i < 2 && whole; ++i) {
    const Value& part = reply.value.items()[i];
    whole = part.is_string() && part.string().size() <= 12;
    if (!whole) break;
    const std::string& text = part.string();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parts[i]);
    whole = error == std::errc() && end == text.data() + text.size();
  }
  constexpr std::int64_t seconds_max = 9'000'000'000;  // the year 2255
  if (!whole || parts[0] < -seconds_max || parts[0] > seconds_max)
    return failure(ErrorKind::remote, "redis answered TIME with " + to_json(reply.value));
  return std::optional<ClockReading>(
      {parts[0] * nanos_per_second + parts[1] * nanos_per_microsecond, nanos_per_microsecond});
}

/// A replica is one by its own choice: the primary knows those that follow it now. One that does
/// not may be down, which does not end its membership; whether it left is noted on its node.
Result<std::vector<std::string>> Redis::members(Node& asked) {
  const auto deadline = Deadline::after(seconds(2));
  if (!is_primary(asked)) {
    const auto own = role_of(asked, deadline);
    if (!own) return own.error();
    if (!own->linked) return failure(ErrorKind::remote, asked.name() + " follows no primary");
  }
  const auto role = role_of(primary(), deadline);
  if (!role) return role.error();
  if (!role->primary)
    return failure(ErrorKind::remote, primary().name() + " is not the primary any more");
  const auto nodes = cluster_->nodes();
  const auto in = on_each<bool>(nodes, [&](Node& node) -> Result<bool> {
    if (is_primary(node) || std::ranges::count(role->replicas, node.address()) > 0) return true;
    const auto known = noted(node, members_file);
    return !known || *known != left_note;
  });
  std::vector<std::string> names;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (*in[i]) names.push_back(nodes[i]->name());
  return names;
}

/// Until the primary counts `node` among its replicas, or does not any more.
Result<void> Redis::await_listing(const Node& node, bool listed, Deadline deadline) const {
  while (true) {
    const auto role = role_of(primary(), deadline.capped(seconds(2)));
    if (role && role->primary && (std::ranges::count(role->replicas, node.address()) > 0) == listed)
      return {};
    if (deadline.passed()) {
      return failure(ErrorKind::timeout,
                     fmt::format("{} {} it among its replicas", primary().name(),
                                 listed ? "does not list" : "still lists"));
    }
    std::this_thread::sleep_for(milliseconds(50));
  }
}

/// Noted first, so that a change that was begun is found.
Result<void> Redis::leave(Node& node) {
  if (const auto reason = has_to_stay(node))
    return failure(ErrorKind::usage, node.name() + ": " + *reason);
  if (auto written = note(node, members_file, left_note); !written) return written;
  const auto status = daemon_status(node, identity());
  if (!status) return status.error();
  if (status->running) {
    RedisConnection connection(node.address(), port);
    const RedisReply reply =
        connection.command({"REPLICAOF", "NO", "ONE"}, Deadline::after(seconds(3)));
    if (!reply.complete || reply.refused)
      return failure(ErrorKind::remote, "REPLICAOF NO ONE: " + reply.error);
  }
  if (auto gone = await_listing(node, false, Deadline::after(seconds(5))); !gone) return gone;
  if (auto killed = kill(node); !killed) return killed;
  return empty_folder(node, folder_of_data);
}

/// Without data, so that it has to copy all that the primary has.
Result<void> Redis::join(Node& node) {
  if (is_primary(node)) return start(node);
  const auto known = noted(node, members_file);
  if (!known) return known.error();
  if (*known == left_note) {
    if (auto killed = kill(node); !killed) return killed;
    if (auto emptied = empty_folder(node, folder_of_data); !emptied) return emptied;
    const auto removed = node.must(Command::of({"rm", "-f", "--", members_file}).root());
    if (!removed) return removed.error();
  }
  if (auto started = start(node); !started) return started;
  return await_listing(node, true, Deadline::after(seconds(10)));
}

GAUNTLET_REGISTER(DatabaseFactory, DatabaseFactoryOf<Redis>);

}  // namespace gauntlet
