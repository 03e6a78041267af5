// The processes that a fault acts upon, as its plan remembers them.
//
// A process is named by pid, start time and executable together. A heal may come from another run
// of the controller, hours later: what no longer agrees in all three is gone, and is never
// signalled.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/control/node.hpp"
#include "harness/run/database.hpp"
#include "history/value.hpp"
#include "nemesis/node_names.hpp"

namespace gauntlet {

struct RecordedProcess {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;  ///< clock ticks since the machine's boot: field 22 of stat
  std::string executable;        ///< as the database states it; links are followed on the node
};

/// By node name.
using ProcessesOfNodes = std::map<std::string, std::vector<RecordedProcess>>;

/// Why a fault on processes cannot be had with this cluster and database; nullopt if it can.
std::optional<std::string> no_processes(const Cluster* cluster, const Database* database);

/// The nodes where the database has processes of its own, running or not: of a single server's,
/// one.
NodeNames nodes_with_processes(const Cluster& cluster, const Database& database);

/// The words by which the agent knows them on a node: a pidfile and a program each.
std::vector<std::string> daemon_words(const Database& database, const Node& node);

/// The database's processes that run on a node now.
Result<std::vector<RecordedProcess>> running_processes(const Database& database, Node& node);

/// The same of several nodes at once. Nodes where none runs, or that do not answer, are left out;
/// an error if that leaves none.
Result<ProcessesOfNodes> running_processes(const Database& database,
                                           const std::vector<Node*>& nodes);

enum class ProcessSignal { none, stop, resume };

/// The state of each process ('S', 'R', 'T', ..., or '-' if it is gone), as in /proc/PID/stat, up
/// to a second after the signal was sent, when it shows. Idempotent; one command on the node.
Result<std::string> signal_processes(Node& node, const std::vector<RecordedProcess>& processes,
                                     ProcessSignal signal);

/// As an entry of a plan, and back. What makes no sense is left out.
Value to_value(const ProcessesOfNodes& processes);
ProcessesOfNodes processes_from(const Value* value);
NodeNames names_of(const ProcessesOfNodes& processes);

}  // namespace gauntlet
