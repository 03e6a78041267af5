#include "harness/control/docker_machines.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/integer.hpp"
#include "harness/control/docker_client.hpp"
#include "harness/control/docker_cluster.hpp"

namespace gauntlet {
namespace {

constexpr std::chrono::seconds settling_max{10};  ///< until a command of Docker's shows

struct Inspected {
  std::string id;
  MachineStatus machine;
  MemoryLimits memory;
};

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    if (c == '\n') break;
    if (c == '|') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

class DockerMachines : public Machines {
 public:
  explicit DockerMachines(std::string cluster) : cluster_(std::move(cluster)) {}

  Result<MachineStatus> status(Node& node) override {
    auto found = inspect(node);
    if (!found) return found.error();
    return std::move(found->machine);
  }
  Result<void> pause(Node& node) override {
    return act(node, {"pause"},
               [](const MachineStatus& machine) { return machine.state == MachineState::paused; });
  }
  Result<void> resume(Node& node) override {
    return act(node, {"unpause"},
               [](const MachineStatus& machine) { return machine.state != MachineState::paused; });
  }
  Result<void> turn_off(Node& node) override {
    // What is frozen would not die of a signal before it goes on.
    if (auto resumed = resume(node); !resumed) return resumed;
    return act(node, {"kill"},
               [](const MachineStatus& machine) { return machine.state == MachineState::off; });
  }
  Result<void> turn_on(Node& node) override {
    return act(node, {"start"},
               [](const MachineStatus& machine) { return machine.state != MachineState::off; });
  }
  Result<MemoryLimits> memory_limits(Node& node) override {
    auto found = inspect(node);
    if (!found) return found.error();
    return found->memory;
  }
  Result<void> limit_memory(Node& node, const MemoryLimit& limit) override {
    const auto found = inspect(node);
    if (!found) return found.error();
    if (found->memory.now == limit) return {};
    const auto updated = docker({"update", "--memory", std::to_string(limit.memory),
                                 "--memory-swap", std::to_string(limit.with_swap), found->id});
    return updated ? Result<void>() : updated.error();
  }

 private:
  /// The container that bears the node's name, if its labels agree.
  Result<Inspected> inspect(Node& node) const {
    constexpr const char* format =
        R"({{.Id}}|{{index .Config.Labels "gauntlet.cluster"}}|)"
        R"({{index .Config.Labels "gauntlet.node"}}|{{.State.Status}}|{{.State.StartedAt}}|)"
        R"({{.HostConfig.Memory}}|{{.HostConfig.MemorySwap}}|{{index .Config.Labels "gauntlet.memory"}})";
    const std::string container = docker_container(cluster_, node.name());
    const auto line = docker({"inspect", "--type", "container", "--format", format, container});
    if (!line) return line.error();
    const auto fields = fields_of(*line);
    Inspected found;
    const bool ours = fields.size() == 8 && fields[1] == cluster_ && fields[2] == node.name();
    const auto memory = ours ? integer_from(fields[5]) : std::nullopt;
    const auto with_swap = ours ? integer_from(fields[6]) : std::nullopt;
    if (!memory || !with_swap)
      return failure(ErrorKind::remote, container + " is no container of this cluster");
    found.id = fields[0];
    found.memory.now = found.memory.usual = {*memory, *with_swap};
    if (const auto usual = integer_from(fields[7])) found.memory.usual = {*usual, *usual};
    found.machine.started_at = fields[4];
    if (fields[3] == "running") found.machine.state = MachineState::running;
    if (fields[3] == "paused") found.machine.state = MachineState::paused;
    node.set_away(found.machine.state != MachineState::running);
    return found;
  }

  /// Runs the command unless the machine is as wanted. Docker may refuse because somebody else was
  /// faster; so what counts is how it is afterwards.
  Result<void> act(Node& node, std::vector<std::string> command,
                   bool (*is_as_wanted)(const MachineStatus&)) const {
    const auto before = inspect(node);
    if (!before) return before.error();
    if (is_as_wanted(before->machine)) return {};
    const std::string verb = command.front();
    command.push_back(before->id);
    const auto done = docker(command);
    const Deadline deadline = Deadline::after(done ? settling_max : std::chrono::seconds(0));
    while (true) {
      const auto after = inspect(node);
      if (!after) return after.error();
      if (is_as_wanted(after->machine)) return {};
      if (deadline.passed()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    if (!done) return done.error();
    return failure(ErrorKind::remote,
                   fmt::format("{}: `docker {}` was in vain", node.name(), verb));
  }

  const std::string cluster_;
};

}  // namespace

std::unique_ptr<Machines> docker_machines(const std::string& cluster) {
  return std::make_unique<DockerMachines>(cluster);
}

}  // namespace gauntlet
