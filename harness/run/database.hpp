// The contract of a database: how it is installed, started, broken, healed and talked to.
//
// One file (or folder) in databases/ a database, registered on its last line:
//   GAUNTLET_REGISTER(DatabaseFactory, DatabaseFactoryOf<Etcd>);
// It states what it supports; workloads and faults light up only for what is there.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/registry.hpp"
#include "harness/control/cluster.hpp"
#include "harness/control/daemon.hpp"
#include "harness/run/client.hpp"

namespace gauntlet {

/// An option of a database, e.g. etcd's read-consistency; given as --read-consistency VALUE or in
/// the plan's [database] table.
struct DatabaseOption {
  std::string name;
  std::string default_value;
  std::vector<std::string> choices;  ///< empty: free text
  std::string description;
};

using OptionValues = std::map<std::string, std::string, std::less<>>;

/// What a database says that the time is.
struct ClockReading {
  Nanos time_ns = 0;    ///< of its wall clock, since the Unix epoch
  Nanos within_ns = 0;  ///< by how much it may be off, since the database tells no finer
};

/// One instance a run. Methods about one node may run for several nodes at once, from several
/// threads; the nemesis calls start, stop, kill and primaries while clients work.
class Database {
 public:
  virtual ~Database() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;  ///< one line for `gauntlet list databases`
  virtual std::vector<DatabaseOption> options() const { return {}; }
  /// Client functions that it offers, in the workloads' terms: "read", "write", "cas", ...
  virtual std::vector<std::string> functions() const = 0;
  /// What it claims with these options, e.g. "linearizable"; what checkers hold it against.
  virtual std::string claim(const OptionValues& options) const = 0;
  /// Whether it lives in this process (no nodes are needed, no faults can be injected).
  virtual bool embedded() const { return false; }

  /// Given once, before everything else. `options` has a value for each of options().
  virtual Result<void> configure(Cluster& cluster, const OptionValues& options) = 0;

  /// Each is idempotent and returns by its own deadline.
  virtual Result<void> install(Node& node) = 0;
  virtual Result<void> wipe(Node& node) = 0;   ///< removes all data; the database is stopped
  virtual Result<void> start(Node& node) = 0;  ///< returns once the process runs, ready or not
  virtual Result<void> stop(Node& node) = 0;   ///< orderly
  virtual Result<void> kill(Node& node) = 0;   ///< SIGKILL
  /// Waits until the whole cluster serves; on failure the error holds the last log lines.
  virtual Result<void> await_ready(Deadline deadline) = 0;

  virtual Result<std::string> version(Node& node) = 0;
  /// Names of the nodes that think that they lead, now; empty where there is no such notion.
  virtual Result<std::vector<std::string>> primaries() { return std::vector<std::string>{}; }
  virtual std::vector<std::string> log_files(const Node& node) const = 0;
  /// The TCP port at which every node serves clients; faults on clients' traffic need it.
  virtual std::optional<int> client_port() const { return std::nullopt; }
  /// The folder on a node that holds all that must survive a restart, an absolute path that `wipe`
  /// removes and `start` makes; what faults on disks and files act upon.
  virtual std::optional<std::string> data_folder() const { return std::nullopt; }
  /// The database's own wall clock on `node`, asked of the running database; nullopt where it does
  /// not tell. Faults on clocks read their effect here. Costs a connection and a request; an error
  /// after 2 s.
  virtual Result<std::optional<ClockReading>> clock(Node& node) {
    (void)node;
    return std::optional<ClockReading>();
  }
  /// The processes that kill and pause act upon, through harness/control/daemon.hpp; empty where
  /// these faults are not supported.
  virtual std::vector<ProcessIdentity> processes(const Node& node) const {
    (void)node;
    return {};
  }

  /// Why `node` cannot leave the cluster and join it again while the others serve; nullopt if it
  /// can. The three below are for clusters of which some can; each returns by a deadline of its own,
  /// some seconds.
  virtual std::optional<std::string> has_to_stay(const Node& node) const {
    (void)node;
    return std::string(name()) + " has no changes of membership";
  }
  /// Names of the nodes that are members and have started as such, as `asked` knows once it has
  /// heard of all changes that were confirmed; an error where it does not serve. In the cluster's
  /// order.
  virtual Result<std::vector<std::string>> members(Node& asked) {
    return failure(ErrorKind::usage, asked.name() + ": its membership cannot be asked for");
  }
  /// The others agree that `node` is no member any more; then its database is killed and its data
  /// are removed, and `start` refuses until it has joined. Idempotent. After an error it may be a
  /// member or not, and a change that was sent may still come about.
  virtual Result<void> leave(Node& node) {
    return failure(ErrorKind::usage, node.name() + ": it cannot leave the cluster");
  }
  /// `node` becomes a member without data, unless it is one, and is started. Idempotent, also where
  /// another process was killed half-way.
  virtual Result<void> join(Node& node) {
    return failure(ErrorKind::usage, node.name() + ": it cannot join the cluster");
  }

  /// A client bound to `node`; opens its connection lazily or here, by the deadline.
  virtual Result<ClientPtr> open_client(Node& node, Deadline deadline) = 0;
};

/// Makes instances of one database; what is registered, since a Database lives for one run.
class DatabaseFactory {
 public:
  virtual ~DatabaseFactory() = default;
  virtual std::string_view name() const = 0;
  virtual std::unique_ptr<Database> make() const = 0;
};

template <class D>
class DatabaseFactoryOf : public DatabaseFactory {
 public:
  std::string_view name() const override { return D().name(); }  // names are literals
  std::unique_ptr<Database> make() const override { return std::make_unique<D>(); }
};

using DatabaseRegistry = Registry<DatabaseFactory>;

}  // namespace gauntlet
