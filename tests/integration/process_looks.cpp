// Looks at processes: those of the database as `ps` shows them, and what others get done beside it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "tests/integration/fault_looks.hpp"

namespace gauntlet {

namespace {

std::string printed(Node& node, const std::string& script) {
  const auto result = node.run(Command::shell(script).root().within(std::chrono::seconds(20)));
  REQUIRE(result);
  return result->output;
}

/// A line for each process of the database: its id and its state; the oldest first.
std::string listed_processes(Scene& scene, Node& node) {
  const auto identities = scene.database.processes(node);
  if (identities.empty()) return {};
  const std::string& executable = identities.front().executable;
  return printed(node, fmt::format("ps -o pid=,stat= --sort=start_time -C {}",
                                   shell_quote(executable.substr(executable.rfind('/') + 1))));
}

/// Nodes on which the oldest process is another one than last time, of those in `last`.
Look replaced(Scene& scene, const std::vector<Node*>& nodes, std::size_t wanted) {
  return [&scene, nodes, wanted, last = std::map<std::string, std::string>()]() mutable {
    std::size_t others = 0;
    for (Node* node : nodes) {
      std::string pid;
      std::istringstream(listed_processes(scene, *node)) >> pid;
      std::string& known = last[node->name()];
      others += !known.empty() && !pid.empty() && pid != known;
      if (!pid.empty()) known = pid;
    }
    return Sight{others == 0 ? "the same" : fmt::format("another on {}", others), others >= wanted};
  };
}

}  // namespace

Look process_state(Scene& scene) {
  return [&scene] {
    std::istringstream lines(listed_processes(scene, scene.n1));
    std::size_t all = 0, stopped = 0;
    for (std::string pid, state; lines >> pid >> state;) {
      all += !state.starts_with('Z');
      stopped += state.starts_with('T');
    }
    if (all == 0) return Sight{"gone", true};
    return Sight{stopped > 0 ? "stopped" : "run", stopped > 0};
  };
}

Look process_replaced(Scene& scene) {
  return replaced(scene, {&scene.n1}, 1);
}

Look processes_replaced(Scene& scene) {
  std::vector<Node*> nodes;
  for (Node* node : scene.arena.cluster.nodes()) {
    if (!scene.database.processes(*node).empty()) nodes.push_back(node);
  }
  return replaced(scene, nodes, nodes.size());
}

Look node_replaced(Scene& scene) {
  return [&scene, last = std::string()]() mutable {
    const std::string begun = printed(scene.n1, "awk '{print $22}' /proc/1/stat");
    const bool another = !last.empty() && begun != last;
    last = begun;
    return Sight{another ? "another" : "the same", another};
  };
}

Look member_count(Scene& scene) {
  return [&scene] {
    const bool redis = scene.database.name() == "redis";  // whose primary does not list itself
    const std::string list =
        printed(scene.n2, redis ? "redis-cli -h " + scene.n1.address() +
                                      " info replication | grep state=online || true"
                                : "ETCDCTL_API=3 etcdctl member list");
    const auto members = std::ranges::count(list, '\n') + (redis ? 1 : 0);
    return Sight{fmt::format("{}", members), members != std::ssize(scene.arena.cluster.nodes())};
  };
}

Look processors_busy(Scene& scene) {
  return [&scene] {
    const std::string busy =
        printed(scene.n1,
                "used() { cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' | "
                "awk '{sum += $12 + $13} END {print sum}'; }\n"
                "before=$(used); sleep 1; echo $(($(used) - before)) $(getconf CLK_TCK)");
    std::int64_t ticks = 0, second = 1;
    std::istringstream(busy) >> ticks >> second;
    const double processors = static_cast<double>(ticks) / static_cast<double>(second);
    return Sight{fmt::format("{:.1f}", processors), processors > 0.5};
  };
}

/// Against the first look, since databases write much, too.
Look bytes_written(Scene& scene) {
  return [&scene, usual = std::int64_t{-1}]() mutable {
    const std::string text =
        printed(scene.n1,
                "written() { cat /proc/[0-9]*/io 2>/dev/null | awk '/^write_bytes/ {sum += $2} "
                "END {printf \"%.0f\", sum}'; }\n"
                "before=$(written); sleep 1; echo $((($(written) - before) >> 20))");
    std::int64_t mib = 0;
    std::istringstream(text) >> mib;
    if (usual < 0) usual = mib;
    return Sight{fmt::format("{}", mib), mib > 2 * usual + 20};
  };
}

/// The kernel takes it, not the database, if there is too little.
Look allocation(Scene& scene) {
  return [&scene] {
    const std::string bytes =
        printed(scene.n1, "choom -n 1000 -- perl -e '$x = \"x\" x (200 << 20); print length $x'");
    return Sight{bytes.empty() ? "killed" : "ends well", bytes.empty()};
  };
}

}  // namespace gauntlet
