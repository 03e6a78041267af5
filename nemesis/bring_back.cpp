#include "nemesis/bring_back.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "nemesis/data_disk.hpp"

namespace gauntlet {

using std::chrono::milliseconds;
using std::chrono::seconds;

Result<void> await_answer(Node& node) {
  constexpr seconds answer_max{15}, try_max{2};
  const Deadline deadline = Deadline::after(answer_max);
  while (true) {
    // Sessions from before may be dead without knowing it.
    const auto answer = node.run(Command::of({"true"}).within(try_max));
    if (answer) return {};
    if (deadline.passed()) return answer.error();
    std::this_thread::sleep_for(milliseconds(50));
  }
}

Result<std::string> bring_machine_back(const Cluster& cluster, Node& node) {
  Machines* const machines = cluster.machines();
  if (machines == nullptr) return std::string();
  const auto status = machines->status(node);
  if (!status) return status.error();
  std::string done;
  if (status->state == MachineState::paused) {
    if (auto resumed = machines->resume(node); !resumed) return resumed.error();
    done = "resumed";
  } else if (status->state == MachineState::off) {
    if (auto started = machines->turn_on(node); !started) return started.error();
    done = "started";
  }
  if (auto answers = await_answer(node); !answers) return answers.error();
  return done;
}

bool is_kept_dead(const FaultContext& context, const Node& node) {
  return std::ranges::count(context.kept_dead, node.name()) > 0;
}

std::string told_of_kept_dead(const FaultContext& context, const std::vector<Node*>& nodes) {
  std::string names;
  for (const Node* node : nodes) {
    if (is_kept_dead(context, *node)) names += " " + node->name();
  }
  return names.empty() ? "" : fmt::format(", stays dead on{} for another fault", names);
}

Result<std::vector<RecordedProcess>> start_on(const FaultContext& context, Node& node) {
  if (is_kept_dead(context, node)) return std::vector<RecordedProcess>();
  Database& database = *context.database;
  const auto started = database.start(node);
  if (!started) return started.error();
  if (database.processes(node).empty()) return std::vector<RecordedProcess>();
  for (int left = 20;; --left) {
    auto running = running_processes(database, node);
    if (!running || !running->empty()) return running;
    if (left == 0) return failure(ErrorKind::remote, "it ended right after its start");
    std::this_thread::sleep_for(milliseconds(100));
  }
}

Result<void> mount_again(const Database& database, Node& node, bool has_disk) {
  const auto folder = database.data_folder();
  return has_disk && folder ? mount_data_disk(node, *folder) : Result<void>();
}

Result<std::vector<RecordedProcess>> start_on_disk(const FaultContext& context, Node& node,
                                                   bool has_disk) {
  if (auto mounted = mount_again(*context.database, node, has_disk); !mounted)
    return mounted.error();
  return start_on(context, node);
}

Result<bool> start_if_ended(const FaultContext& context, Node& node, bool has_disk) {
  const auto before = running_processes(*context.database, node);
  const auto running = start_on_disk(context, node, has_disk);
  if (!running) return running.error();
  return before && before->empty() && !running->empty();
}

}  // namespace gauntlet
