#include "nemesis/processes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "harness/control/daemon.hpp"
#include "nemesis/script.hpp"

namespace gauntlet {

namespace {

/// For /bin/sh: `act PID TICKS EXECUTABLE SIGNAL WANTED` sends SIGNAL, unless it is "", if the
/// process is the recorded one, waits up to a second for a state in the pattern WANTED, and prints
/// the last state seen. The fields of stat are counted from the last ')', since the name before it
/// may hold anything.
constexpr std::string_view functions = R"sh(
set -f
look() {
  state=-
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return
  exe=$(readlink "/proc/$1/exe") || return
  [ "${exe% (deleted)}" = "$(readlink -f "$3")" ] || return
  ticks=$2
  set -- ${stat##*) }
  now=$1
  shift 19
  [ "$1" = "$ticks" ] || return
  case $now in Z | X) return ;; esac
  state=$now
}
act() {
  look "$1" "$2" "$3"
  [ "$state" = - ] || [ -z "$4" ] || kill -"$4" "$1" 2>/dev/null
  left=20
  while look "$1" "$2" "$3" && [ "$state" != - ] && [ "$left" -gt 0 ]; do
    case $5 in
      stopped) [ "$state" = T ] && break ;;
      resumed) [ "$state" = T ] || break ;;
      *) break ;;
    esac
    left=$((left - 1))
    sleep 0.05
  done
  echo "$state"
}
)sh";

const char* arguments_of(ProcessSignal signal) {
  switch (signal) {
    case ProcessSignal::stop:
      return "STOP stopped";
    case ProcessSignal::resume:
      return "CONT resumed";
    case ProcessSignal::none:
      break;
  }
  return "'' any";
}

}  // namespace

std::optional<std::string> no_processes(const Cluster* cluster, const Database* database) {
  if (database == nullptr) return "the database is not known";
  if (database->embedded()) return fmt::format("{} has no processes", database->name());
  if (!cluster->reachable()) return "no commands can be run on the nodes";
  if (!nodes_with_processes(*cluster, *database).empty()) return std::nullopt;
  return fmt::format("{} does not say which processes are its own", database->name());
}

NodeNames nodes_with_processes(const Cluster& cluster, const Database& database) {
  NodeNames names;
  for (const Node* node : cluster.nodes()) {
    if (!database.processes(*node).empty()) names.push_back(node->name());
  }
  return names;
}

std::vector<std::string> daemon_words(const Database& database, const Node& node) {
  std::vector<std::string> words;
  for (const auto& identity : database.processes(node)) {
    words.push_back(identity.pid_file);
    words.push_back(identity.executable);
  }
  return words;
}

Result<std::vector<RecordedProcess>> running_processes(const Database& database, Node& node) {
  std::vector<RecordedProcess> running;
  for (const auto& identity : database.processes(node)) {
    const auto status = daemon_status(node, identity);
    if (!status) return status.error();
    if (!status->running) continue;
    running.push_back(
        {status->pid, static_cast<std::int64_t>(status->start_ticks), identity.executable});
    for (const auto& child : status->children)
      running.push_back(
          {child.pid, static_cast<std::int64_t>(child.start_ticks), identity.executable});
  }
  return running;
}

Result<ProcessesOfNodes> running_processes(const Database& database,
                                           const std::vector<Node*>& nodes) {
  const auto found = on_each<std::vector<RecordedProcess>>(
      nodes, [&](Node& node) { return running_processes(database, node); });
  ProcessesOfNodes processes;
  std::string last_error;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!found[i]) {
      last_error = found[i].error().what;
    } else if (!found[i]->empty()) {
      processes[nodes[i]->name()] = *found[i];
    }
  }
  if (!processes.empty()) return processes;
  if (!last_error.empty()) return failure(ErrorKind::transport, last_error);
  return failure(ErrorKind::remote, fmt::format("{} does not run on the targets", database.name()));
}

Result<std::string> signal_processes(Node& node, const std::vector<RecordedProcess>& processes,
                                     ProcessSignal signal) {
  std::string script(functions);
  for (const auto& process : processes) {
    GAUNTLET_ASSERT(process.pid > 1 && process.start_ticks >= 0);
    script += fmt::format("act {} {} {} {}\n", process.pid, process.start_ticks,
                          shell_quote(process.executable), arguments_of(signal));
  }
  const auto printed = run_script(node, "signal and state of processes", std::move(script));
  if (!printed) return printed.error();
  std::string states;
  for (const char c : *printed) {
    if (c != '\n') states += c;
  }
  if (states.size() != processes.size()) {
    return failure(ErrorKind::remote,
                   fmt::format("{}: states of processes cannot be read", node.name()));
  }
  return states;
}

Value to_value(const ProcessesOfNodes& processes) {
  Value result{Value::Map{}};
  for (const auto& [node, list] : processes) {
    Value::List items;
    for (const auto& process : list) {
      items.push_back(Value::map({{"pid", process.pid},
                                  {"start_ticks", process.start_ticks},
                                  {"executable", process.executable}}));
    }
    result.set(node, std::move(items));
  }
  return result;
}

ProcessesOfNodes processes_from(const Value* value) {
  ProcessesOfNodes result;
  if (value == nullptr || !value->is_map()) return result;
  for (const auto& [node, list] : value->entries()) {
    if (!list.is_list()) continue;
    for (const auto& item : list.items()) {
      const Value* pid = item.find("pid");
      const Value* ticks = item.find("start_ticks");
      const Value* executable = item.find("executable");
      const bool whole = pid != nullptr && pid->is_integer() && ticks != nullptr &&
                         ticks->is_integer() && executable != nullptr && executable->is_string();
      if (!whole || pid->integer() <= 1 || ticks->integer() < 0) continue;
      result[node].push_back({pid->integer(), ticks->integer(), executable->string()});
    }
  }
  return result;
}

NodeNames names_of(const ProcessesOfNodes& processes) {
  NodeNames names;
  for (const auto& [node, list] : processes)
    names.push_back(node);
  return names;
}

}  // namespace gauntlet
