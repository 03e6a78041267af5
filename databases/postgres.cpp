// postgres: one server, on the first node. The other nodes run nothing; clients of all nodes talk
// to the one server.
//
// It is a postmaster with a process for each connection and some of its own: all of them are killed
// and paused together. It will not run as root, so it runs as the user postgres.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "databases/debian_package.hpp"
#include "databases/decimal.hpp"
#include "databases/postgres_client.hpp"
#include "harness/control/daemon.hpp"
#include "harness/run/database.hpp"

namespace gauntlet {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* program = "/usr/lib/postgresql/15/bin/postgres";
constexpr const char* folder_of_data = "/var/lib/gauntlet/postgres";
constexpr const char* database_folder = "/var/lib/gauntlet/postgres/data";
constexpr const char* log_file = "/var/log/gauntlet/postgres.log";
constexpr const char* pid_file = "/run/gauntlet/postgres.pid";
constexpr int port = 5432;

ProcessIdentity identity() {
  return {pid_file, program, true};
}

constexpr const char* install_script = R"sh(
export DEBIAN_FRONTEND=noninteractive
export RES_OPTIONS="timeout:2 attempts:1"  # a node without a way out shall not keep us waiting
apt() {
  apt-get -q -o Acquire::Retries=0 -o Acquire::http::Timeout=10 -o DPkg::Lock::Timeout=60 \
    -o APT::Update::Error-Mode=any "$@"
}
install() { apt install -y --no-install-recommends postgresql-15; }
install || { apt update && install; } || exit
if command -v systemctl >/dev/null; then systemctl disable --now postgresql || true; fi
[ -x /usr/lib/postgresql/15/bin/postgres ]
)sh";

/// Makes the database beside its place and moves it there when it is whole. What initdb wrote is
/// synced by it, since a loss of power must not take what a test did not write.
constexpr const char* make_script = R"sh(
folder=/var/lib/gauntlet/postgres
mkdir -p "$folder" && chown postgres: "$folder" && chmod 700 "$folder" || exit
[ -e "$folder/data/PG_VERSION" ] && exit 0
rm -rf "$folder/new"
cd / && setpriv --reuid=postgres --regid=postgres --init-groups \
  /usr/lib/postgresql/15/bin/initdb -D "$folder/new" -U postgres -A trust -E UTF8 --locale=C \
  >/dev/null || exit
echo "host all all all trust" >>"$folder/new/pg_hba.conf"
mv "$folder/new" "$folder/data" && sync -f "$folder"
)sh";

}  // namespace

class Postgres : public Database {
 public:
  std::string_view name() const override { return "postgres"; }
  std::string_view description() const override {
    return "postgres, one server on the first node (Debian package postgresql-15)";
  }
  std::vector<DatabaseOption> options() const override {
    return {{"fsync",
             "on",
             {"on", "off"},
             "off: nothing is synced, so a loss of power loses what was acknowledged"},
            {"synchronous-commit",
             "on",
             {"on", "off"},
             "off: a commit is acknowledged before it is written, so a crash may lose it"}};
  }
  std::vector<std::string> functions() const override { return {"read", "write", "cas", "add"}; }
  std::string claim(const OptionValues&) const override { return "linearizable"; }

  Result<void> configure(Cluster& cluster, const OptionValues& options) override {
    cluster_ = &cluster;
    fsync_ = options.at("fsync");
    synchronous_commit_ = options.at("synchronous-commit");
    return {};
  }
  Result<void> install(Node& node) override;
  Result<void> wipe(Node& node) override;
  Result<void> start(Node& node) override;
  /// SIGINT: it ends its connections instead of waiting for them.
  Result<void> stop(Node& node) override {
    return stop_daemon(node, identity(), seconds(10), "INT");
  }
  Result<void> kill(Node& node) override { return kill_daemon(node, identity()); }
  Result<void> await_ready(Deadline deadline) override;

  Result<std::string> version(Node& node) override;
  Result<std::vector<std::string>> primaries() override {
    return std::vector<std::string>{server().name()};
  }
  std::vector<std::string> log_files(const Node& node) const override {
    return is_server(node) ? std::vector<std::string>{log_file} : std::vector<std::string>{};
  }
  std::optional<int> client_port() const override { return port; }
  std::optional<std::string> data_folder() const override { return folder_of_data; }
  Result<std::optional<ClockReading>> clock(Node& node) override;
  std::vector<ProcessIdentity> processes(const Node& node) const override {
    if (!is_server(node)) return {};
    return {identity()};
  }
  std::optional<std::string> has_to_stay(const Node&) const override {
    return fmt::format("postgres is one server, on {}, without standbys: there is no other member",
                       server().name());
  }
  Result<ClientPtr> open_client(Node&, Deadline) override {
    return std::make_unique<PostgresClient>(server().address(), port);
  }

 private:
  Node& server() const { return *cluster_->nodes().front(); }
  bool is_server(const Node& node) const { return node.name() == server().name(); }

  Cluster* cluster_ = nullptr;
  std::string fsync_;
  std::string synchronous_commit_;
};

Result<void> Postgres::install(Node& node) {
  if (!is_server(node)) return {};
  return install_package(node, "postgresql-15", program, install_script);
}

Result<void> Postgres::wipe(Node& node) {
  if (auto killed = kill(node); !killed) return killed;
  const auto removed = node.must(Command::of({"rm", "-rf", "--", folder_of_data, log_file}).root());
  if (!removed) return removed.error();
  return {};
}

Result<void> Postgres::start(Node& node) {
  if (!is_server(node)) return {};
  const auto status = daemon_status(node, identity());
  if (!status) return status.error();
  if (status->running) return {};
  Command make = Command::shell(make_script);
  make.label = "initdb";
  const auto made = node.must(std::move(make).root().within(seconds(90)));
  if (!made) return made.error();
  Daemon daemon;
  daemon.identity = identity();
  daemon.log_file = log_file;
  daemon.user = "postgres";
  daemon.arguments = {"-D", database_folder};
  for (const std::string& setting :
       {fmt::format("port={}", port), std::string("listen_addresses=*"),
        std::string("unix_socket_directories="), "fsync=" + fsync_,
        "synchronous_commit=" + synchronous_commit_, std::string("max_connections=300"),
        std::string("shared_buffers=64MB")}) {
    daemon.arguments.emplace_back("-c");
    daemon.arguments.push_back(setting);
  }
  return start_daemon(node, daemon);
}

Result<void> Postgres::await_ready(Deadline deadline) {
  Node& node = server();
  std::string reason = "it was not asked";
  bool ended = false;
  while (!deadline.passed() && !ended) {
    PostgresConnection connection(node.address(), port);
    const PostgresReply reply = make_postgres_tables(connection, deadline.capped(seconds(5)));
    if (reply.succeeded) return {};
    reason = reply.error;
    const auto process = daemon_status(node, identity());
    ended = process && !process->running;
    std::this_thread::sleep_for(
        std::min<std::chrono::nanoseconds>(milliseconds(100), deadline.left()));
  }
  Error error = failure(ended ? ErrorKind::remote : ErrorKind::timeout,
                        fmt::format("{}: postgres {}: {}", node.name(),
                                    ended ? "has ended" : "did not become ready in time", reason),
                        fmt::format("see {} on {}", log_file, node.name()));
  if (const std::string log = last_log_lines(node, log_file); !log.empty())
    error.what += "; its log ends: " + log;
  return error;
}

/// "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
Result<std::string> Postgres::version(Node& node) {
  const auto result = node.must(Command::of({program, "--version"}));
  if (!result) return result.error();
  constexpr std::string_view front = "postgres (PostgreSQL) ";
  if (!result->output.starts_with(front) || result->output.size() > 200)
    return failure(ErrorKind::remote, "postgres --version printed something else");
  const std::string rest = result->output.substr(front.size());
  return rest.substr(0, rest.find_first_of(" \n"));
}

Result<std::optional<ClockReading>> Postgres::clock(Node& node) {
  if (!is_server(node)) return std::optional<ClockReading>();
  PostgresConnection connection(node.address(), port);
  const PostgresReply reply =
      connection.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", {},
                         Deadline::after(seconds(2)));
  if (!reply.succeeded) return failure(ErrorKind::transport, reply.error);
  const Value micros = reply.column.size() == 1 ? value_of_decimal(reply.column.front()) : Value();
  constexpr std::int64_t micros_max = 9'000'000'000'000'000;  // the year 2255
  if (!micros.is_integer() || micros.integer() > micros_max || micros.integer() < -micros_max)
    return failure(ErrorKind::remote, "postgres answered no time");
  return std::optional<ClockReading>(
      {micros.integer() * nanos_per_microsecond, nanos_per_microsecond});
}

GAUNTLET_REGISTER(DatabaseFactory, DatabaseFactoryOf<Postgres>);

}  // namespace gauntlet
