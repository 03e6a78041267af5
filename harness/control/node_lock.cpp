#include "harness/control/node_lock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "harness/control/text.hpp"

namespace gauntlet {
namespace {

constexpr std::chrono::milliseconds retry_pause{500};
constexpr int held_by_other = 75;

// Compare and swap: `mine` replaces nothing or `expected`; else what is there is printed. flock
// makes it atomic, rename makes it whole.
constexpr std::string_view swap_script = R"sh(
set -e
exec 9>"$f.guard"
flock -w 5 9
held=$(cat "$f" 2>/dev/null || :)
if [ -n "$held" ] && [ "$held" != "$mine" ] && [ "$held" != "$expected" ]; then
  printf %s "$held"
  exit 75
fi
printf '%s\n' "$mine" >"$f.new"
mv -f "$f.new" "$f"
)sh";

constexpr std::string_view release_script = R"sh(
exec 9>"$f.guard"
flock -w 5 9 || exit
[ "$(cat "$f" 2>/dev/null)" != "$mine" ] || rm -f "$f"
)sh";

Command lock_command(std::string_view script, std::string_view label, std::string_view mine,
                     std::string_view expected) {
  Command command = Command::shell(fmt::format("f={} mine={} expected={}\n{}", NodeLock::path,
                                               shell_quote(mine), shell_quote(expected), script));
  command.label = label;
  command.as_root = true;
  command.timeout = std::chrono::seconds(15);
  return command;
}

/// Takes one node. Answers the holder's text if somebody else has it, empty if it is ours.
Result<std::string> take(Node& node, const std::string& mine) {
  std::string expected;
  // The second try is for a file that a dead run of ours left, the third for losing that race.
  for (int attempt = 1;; ++attempt) {
    const auto result = node.run(lock_command(swap_script, "lock the node", mine, expected));
    if (!result) return result.error();
    if (result->succeeded()) return std::string();
    if (result->exit_code != held_by_other)
      return failure(ErrorKind::remote, fmt::format("{}: cannot be locked: {}", node.name(),
                                                    last_line(result->error_output)));
    const auto holder = Owner::from_json(result->output);
    if (attempt == 3 || !holder || !holder->certainly_dead())
      return holder ? holder->to_string() : std::string("somebody unknown");
    expected = result->output;
  }
}

bool is_lost(const Result<std::string>& taken) {
  return !taken &&
         (taken.error().kind == ErrorKind::transport || taken.error().kind == ErrorKind::timeout);
}

void give_back(const std::vector<Node*>& nodes, const std::string& mine) {
  on_each<void>(nodes, [&](Node& node) -> Result<void> {
    Command command = lock_command(release_script, "unlock the node", mine, "");
    command.timeout = std::chrono::seconds(10);
    const auto result = node.run(command);
    if (!result) return result.error();
    return {};
  });
}

}  // namespace

Result<NodeLock> NodeLock::acquire(const Cluster& cluster, const Owner& owner, const LockWait& wait,
                                   LostNodes lost) {
  if (!cluster.reachable()) return NodeLock({}, {});
  const std::vector<Node*> nodes = cluster.nodes();
  const std::string mine = owner.to_json();
  const Deadline deadline = Deadline::after(wait.time);
  Random random(static_cast<std::uint64_t>(monotonic_now()));  // spreads the tries of several runs
  while (true) {
    const auto taken = on_each<std::string>(nodes, [&](Node& node) { return take(node, mine); });
    std::vector<Node*> ours;
    std::optional<Error> error;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (taken[i] && taken[i]->empty()) {
        ours.push_back(nodes[i]);
      } else if (lost == LostNodes::skip && is_lost(taken[i])) {
        continue;
      } else if (!taken[i] && (!error || error->kind == ErrorKind::conflict)) {
        error = taken[i].error();
      } else if (!error) {
        error = failure(
            ErrorKind::conflict, fmt::format("{} is in use by {}", nodes[i]->name(), *taken[i]),
            fmt::format("wait until it has ended; if it is gone, remove {} there", path));
      }
    }
    if (!error) return NodeLock(std::move(ours), mine);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      // It may have been taken all the same.
      if (!taken[i] && taken[i].error().kind == ErrorKind::timeout) ours.push_back(nodes[i]);
    }
    give_back(ours, mine);
    if (error->kind != ErrorKind::conflict || deadline.passed()) return *error;
    if (wait.stop != nullptr && wait.stop->load())
      return failure(ErrorKind::interrupted, "stopped while waiting for the nodes");
    const auto pause = std::chrono::duration_cast<std::chrono::nanoseconds>(
        retry_pause * (0.5 + random.fraction()));
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(pause, deadline.left()));
  }
}

NodeLock::~NodeLock() {
  if (!nodes_.empty()) give_back(nodes_, text_);
}

}  // namespace gauntlet
