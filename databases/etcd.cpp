// etcd: a replicated key-value store with linearizable reads, writes and transactions.
//
// A static cluster of all nodes, each member under its node's name. Members listen on all
// addresses of their machine, unencrypted and without authentication: these are test nodes.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/duration.hpp"
#include "databases/debian_package.hpp"
#include "databases/etcd_client.hpp"
#include "databases/etcd_members.hpp"
#include "databases/etcd_wire.hpp"
#include "databases/http.hpp"
#include "databases/member_note.hpp"
#include "harness/control/daemon.hpp"
#include "harness/run/database.hpp"

namespace gauntlet {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* program = "/usr/bin/etcd";
constexpr const char* folder_of_data = "/var/lib/gauntlet/etcd";
constexpr const char* log_file = "/var/log/gauntlet/etcd.log";
constexpr const char* pid_file = "/run/gauntlet/etcd.pid";
/// Absent while the members are those of the begin. Else what a node that starts without data needs
/// to join: the members then; or that it is to be no member.
constexpr const char* members_file = "/var/lib/gauntlet/etcd.members";

using etcd::port_for_clients;
using etcd::port_for_peers;

ProcessIdentity identity() {
  return {pid_file, program};
}

/// Where a member binds: not its own address, which may be a name or belong to a router.
std::string_view any_address(const Node& node) {
  return node.address().find(':') == std::string::npos ? "0.0.0.0" : "::";
}

bool succeeded(const HttpReply& reply) {
  return reply.complete && reply.status == 200;
}

/// Kills it, notes what it is to start with, and removes its data.
Result<void> reset_member(Node& node, const std::string& members) {
  if (auto killed = kill_daemon(node, identity()); !killed) return killed;
  if (auto written = note(node, members_file, members); !written) return written;
  return empty_folder(node, folder_of_data);
}

int severity(const Result<void>& result) {
  if (result) return 0;
  return result.error().kind == ErrorKind::timeout ? 1 : 2;
}

/// Debian's package starts a member of its own where there is a service manager; that one must not
/// hold the ports. A node that already has the program is left as it is.
constexpr const char* install_script = R"sh(
export DEBIAN_FRONTEND=noninteractive
export RES_OPTIONS="timeout:2 attempts:1"  # a node without a way out shall not keep us waiting
apt() {
  apt-get -q -o Acquire::Retries=0 -o Acquire::http::Timeout=10 -o DPkg::Lock::Timeout=60 \
    -o APT::Update::Error-Mode=any "$@"
}
install() { apt install -y --no-install-recommends etcd-server; }
install || { apt update && install; } || exit
if command -v systemctl >/dev/null; then systemctl disable --now etcd || true; fi
[ -x /usr/bin/etcd ]
)sh";

}  // namespace

class Etcd : public Database {
 public:
  std::string_view name() const override { return "etcd"; }
  std::string_view description() const override {
    return "etcd, a replicated key-value store (Debian package etcd-server)";
  }
  std::vector<DatabaseOption> options() const override {
    return {
        {"read-consistency",
         "linearizable",
         {"linearizable", "serializable"},
         "serializable: members answer reads from their own state, which may be stale"},
        {"election-timeout", "1s", {}, "a tenth of it is the heartbeat interval; 50ms to 50s"},
        {"snapshot-count",
         "100000",
         {},
         "committed entries after which a member writes a snapshot"},
        {"strict-reconfig-check",
         "false",
         {"false", "true"},
         "true, as etcd has it by itself: a member joins only once all others have been connected "
         "for 5 s"},
    };
  }
  std::vector<std::string> functions() const override { return {"read", "write", "cas", "add"}; }
  /// Whatever the reads: with serializable ones the test is to show what they cost.
  std::string claim(const OptionValues&) const override { return "linearizable"; }

  Result<void> configure(Cluster& cluster, const OptionValues& options) override;
  Result<void> install(Node& node) override;
  Result<void> wipe(Node& node) override;
  Result<void> start(Node& node) override;
  /// A leader that stops hands its office on first, which takes milliseconds, or, where no other
  /// member is left to take it, 7 s for nothing.
  Result<void> stop(Node& node) override { return stop_daemon(node, identity(), seconds(2)); }
  Result<void> kill(Node& node) override { return kill_daemon(node, identity()); }
  Result<void> await_ready(Deadline deadline) override;

  Result<std::string> version(Node& node) override;
  Result<std::vector<std::string>> primaries() override;
  std::vector<std::string> log_files(const Node&) const override { return {log_file}; }
  std::optional<int> client_port() const override { return port_for_clients; }
  std::optional<std::string> data_folder() const override { return folder_of_data; }
  std::vector<ProcessIdentity> processes(const Node&) const override { return {identity()}; }
  Result<std::optional<ClockReading>> clock(Node& node) override;
  Result<ClientPtr> open_client(Node& node, Deadline deadline) override;

  std::optional<std::string> has_to_stay(const Node&) const override { return std::nullopt; }
  Result<std::vector<std::string>> members(Node& asked) override;
  Result<void> leave(Node& node) override;
  Result<void> join(Node& node) override;

 private:
  Result<void> await_member(Node& node, Deadline deadline, std::atomic<bool>& ended) const;

  Cluster* cluster_ = nullptr;
  bool serializable_reads_ = false;
  std::int64_t election_timeout_ms_ = 0;
  std::string snapshot_count_;
  std::string strict_reconfig_check_;
};

Result<void> Etcd::configure(Cluster& cluster, const OptionValues& options) {
  cluster_ = &cluster;
  serializable_reads_ = options.at("read-consistency") == "serializable";
  const auto election_timeout = parse_duration(options.at("election-timeout"));
  election_timeout_ms_ = election_timeout.value_or(0) / nanos_per_millisecond;
  if (election_timeout_ms_ < 50 || election_timeout_ms_ > 50'000) {
    return failure(ErrorKind::usage, "election-timeout is '" + options.at("election-timeout") + "'",
                   "give a duration from 50ms to 50s");
  }
  strict_reconfig_check_ = options.at("strict-reconfig-check");
  snapshot_count_ = options.at("snapshot-count");
  const bool digits = snapshot_count_.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || snapshot_count_.empty() || snapshot_count_.size() > 9 ||
      snapshot_count_[0] == '0') {
    return failure(ErrorKind::usage, "snapshot-count is '" + snapshot_count_ + "'",
                   "give a number of entries from 1 to 999999999");
  }
  return {};
}

/// The date that its HTTP server puts on answers, in whole seconds.
Result<std::optional<ClockReading>> Etcd::clock(Node& node) {
  HttpConnection connection(http_origin(node.address(), port_for_clients));
  const HttpReply reply = connection.get("/version", Deadline::after(seconds(2)));
  if (!reply.complete) return failure(ErrorKind::transport, node.name() + ": " + reply.error);
  constexpr std::int64_t seconds_max = 9'000'000'000;  // the year 2255
  if (!reply.date_s || *reply.date_s < 0 || *reply.date_s > seconds_max)
    return failure(ErrorKind::remote, node.name() + ": etcd does not tell its time");
  constexpr Nanos half_ns = nanos_per_second / 2;
  return std::optional<ClockReading>({*reply.date_s * nanos_per_second + half_ns, half_ns});
}

Result<void> Etcd::install(Node& node) {
  return install_package(node, "etcd-server", program, install_script);
}

Result<void> Etcd::wipe(Node& node) {
  if (auto killed = kill(node); !killed) return killed;
  const auto removed =
      node.must(Command::of({"rm", "-rf", "--", folder_of_data, log_file, members_file}).root());
  if (!removed) return removed.error();
  return {};
}

Result<void> Etcd::start(Node& node) {
  const auto known = noted(node, members_file);
  if (!known) return known.error();
  if (*known == left_note)
    return failure(ErrorKind::remote, node.name() + " has left the cluster and has not joined it");
  std::vector<std::string> members;
  for (const Node* member : cluster_->nodes())
    members.push_back(member->name() + "=" + etcd::peer_url_of(*member));
  if (!known->empty()) members = {*known};
  Daemon daemon;
  daemon.identity = identity();
  daemon.log_file = log_file;
  daemon.arguments = {
      "--name=" + node.name(),
      fmt::format("--data-dir={}", folder_of_data),
      "--listen-client-urls=" + http_origin(any_address(node), port_for_clients),
      "--advertise-client-urls=" + http_origin(node.address(), port_for_clients),
      "--listen-peer-urls=" + http_origin(any_address(node), port_for_peers),
      "--initial-advertise-peer-urls=" + http_origin(node.address(), port_for_peers),
      fmt::format("--initial-cluster={}", fmt::join(members, ",")),
      fmt::format("--initial-cluster-state={}", known->empty() ? "new" : "existing"),
      "--initial-cluster-token=gauntlet",
      fmt::format("--election-timeout={}", election_timeout_ms_),
      fmt::format("--heartbeat-interval={}", election_timeout_ms_ / 10),
      "--snapshot-count=" + snapshot_count_,
      "--strict-reconfig-check=" + strict_reconfig_check_,
  };
  return start_daemon(node, daemon);
}

/// A member serves once it is healthy (it has made a linearizable read) and its gateway answers
/// (it knows the version that the cluster has agreed upon). `ended` is set if the process has, and
/// then ends the wait for the other members.
Result<void> Etcd::await_member(Node& node, Deadline deadline, std::atomic<bool>& ended) const {
  constexpr auto poll_interval = milliseconds(50);
  constexpr auto look_interval = seconds(1);
  constexpr auto answer_timeout = seconds(2);
  HttpConnection connection(http_origin(node.address(), port_for_clients));
  Deadline next_look = Deadline::after(look_interval);
  std::string reason = "it was not asked";
  while (!deadline.passed() && !ended) {
    HttpReply reply = connection.get("/health", deadline.capped(answer_timeout));
    if (succeeded(reply)) {
      reply = connection.post(etcd::status_path, "{}", deadline.capped(answer_timeout));
      if (succeeded(reply)) return {};
    }
    reason = etcd::judge(reply).error;
    if (next_look.passed()) {
      const auto process = daemon_status(node, identity());
      if (process && !process->running) {
        ended = true;
        return failure(ErrorKind::remote, "etcd has ended");
      }
      next_look = Deadline::after(look_interval);
    }
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(poll_interval, deadline.left()));
  }
  return failure(ErrorKind::timeout, "etcd did not become ready in time: " + reason);
}

Result<void> Etcd::await_ready(Deadline deadline) {
  const auto nodes = cluster_->nodes();
  std::atomic<bool> ended = false;
  const auto results =
      on_each<void>(nodes, [&](Node& node) { return await_member(node, deadline, ended); });
  // The others cannot become ready where one has ended, so that one is named.
  const auto at_fault = std::max_element(
      results.begin(), results.end(), [](auto& a, auto& b) { return severity(a) < severity(b); });
  if (*at_fault) return {};
  Node& node = *nodes[static_cast<std::size_t>(at_fault - results.begin())];
  Error error = at_fault->error();
  error.what = node.name() + ": " + error.what;
  if (const std::string log = last_log_lines(node, log_file); !log.empty())
    error.what += "; its log ends: " + log;
  error.remedy = fmt::format("see {} on {}", log_file, node.name());
  return error;
}

Result<std::string> Etcd::version(Node& node) {
  const auto result = node.must(Command::of({program, "--version"}));
  if (!result) return result.error();
  const std::string line = result->output.substr(0, result->output.find('\n'));
  const std::size_t number = line.rfind(' ');
  if (number == std::string::npos || line.size() > 100)
    return failure(ErrorKind::remote, "etcd --version printed '" + line.substr(0, 100) + "'");
  return line.substr(number + 1);
}

Result<std::vector<std::string>> Etcd::primaries() {
  const auto nodes = cluster_->nodes();
  const auto leads = on_each<bool>(nodes, [](Node& node) -> Result<bool> {
    HttpConnection connection(http_origin(node.address(), port_for_clients));
    const HttpReply reply = connection.post(etcd::status_path, "{}", Deadline::after(seconds(1)));
    if (!succeeded(reply)) return failure(ErrorKind::transport, etcd::judge(reply).error);
    const auto status = etcd::status_answer(reply.body);
    if (!status) return status.error();
    return status->leads;
  });
  std::vector<std::string> names;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (leads[i] && *leads[i]) names.push_back(nodes[i]->name());
  return names;
}

Result<ClientPtr> Etcd::open_client(Node& node, Deadline) {
  return std::make_unique<EtcdClient>(http_origin(node.address(), port_for_clients),
                                      serializable_reads_);
}

Result<std::vector<std::string>> Etcd::members(Node& asked) {
  auto told = etcd::members_told_by(asked);
  if (!told) return told.error();
  const etcd::Told all{&asked, std::move(*told)};
  std::vector<std::string> names;
  for (const Node* node : cluster_->nodes()) {
    const etcd::Member* const member = all.find(*node);
    if (member != nullptr && !member->name.empty()) names.push_back(node->name());
  }
  return names;
}

Result<void> Etcd::leave(Node& node) {
  if (auto removed = etcd::remove_member(*cluster_, node); !removed) return removed;
  return reset_member(node, left_note);
}

/// A member without a name has been added and has not started: it has no data that somebody relies
/// on, and what is there is from before, unless it is just about to start.
Result<void> Etcd::join(Node& node) {
  auto told = etcd::members_told_to(*cluster_, node);
  if (!told) return told.error();
  const bool added_before = told->find(node) != nullptr;
  if (!added_before) told = etcd::add_member(*cluster_, node);
  if (!told) return told.error();
  const auto known = noted(node, members_file);
  if (!known) return known.error();
  bool fresh = told->find(node)->name.empty();
  if (fresh && added_before && *known != left_note && start(node))
    fresh = !etcd::await_started(*cluster_, node, Deadline::after(seconds(3)));
  if (fresh) {
    const auto members = etcd::initial_cluster(*cluster_, told->members);
    if (!members) return members.error();
    if (auto reset = reset_member(node, *members); !reset) return reset;
  }
  if (auto started = start(node); !started) return started;
  return etcd::await_started(*cluster_, node, Deadline::after(seconds(10)));
}

GAUNTLET_REGISTER(DatabaseFactory, DatabaseFactoryOf<Etcd>);

}  // namespace gauntlet
