// Kill: SIGKILL to the database on its targets; it is started again to heal.
//
// What was written but not synced stays, since the kernel lives on: this tests recovery from the
// log, failover and what clients make of lost connections, not loss of power.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "nemesis/fault.hpp"
#include "nemesis/process_fault.hpp"
#include "nemesis/processes.hpp"

namespace gauntlet {

namespace {

/// Waits a little for the database's processes on a node; empty if none comes up.
Result<std::vector<RecordedProcess>> started_processes(const Database& database, Node& node) {
  for (int left = 20;; --left) {
    auto running = running_processes(database, node);
    if (!running || !running->empty() || left == 0) return running;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

class Kill : public ProcessFault {
 public:
  std::string_view name() const override { return "kill"; }
  std::string_view proof() const override { return "the processes are gone"; }
  std::string_view description() const override {
    return "the database's processes are killed (SIGKILL), later it is started again";
  }

  FaultOutcome inject(const FaultContext& context, const Value& plan) const override {
    if (context.database == nullptr) return {false, "the database is not known", {}};
    ProcessesOfNodes processes = processes_from(plan.find("processes"));
    const auto nodes = nodes_named(*context.cluster, names_of(processes));
    const auto states = on_each<std::string>(nodes, [&](Node& node) -> Result<std::string> {
      const auto killed = context.database->kill(node);
      if (!killed) return killed.error();
      return signal_processes(node, processes[node.name()], ProcessSignal::none);
    });
    std::int64_t gone = 0, alive = 0;
    for (const auto& one : states) {
      if (!one) continue;
      const auto here = std::ranges::count(*one, '-');
      gone += here;
      alive += std::ssize(*one) - here;
    }
    std::string evidence =
        fmt::format("{}: {} killed", text_of_targets(plan), counted(gone, "process", "processes"));
    if (alive > 0) evidence += fmt::format(", {} still alive", alive);
    return {gone > 0, evidence + failures_of(context, plan, nodes, states), {}};
  }

  FaultOutcome heal(const FaultContext& context, const Value& plan) const override {
    if (context.database == nullptr) return {false, "the database is not known", {}};
    const auto nodes =
        nodes_named(*context.cluster, names_of(processes_from(plan.find("processes"))));
    const auto running = on_each<std::vector<RecordedProcess>>(
        nodes, [&](Node& node) -> Result<std::vector<RecordedProcess>> {
          const auto started = context.database->start(node);
          if (!started) return started.error();
          auto processes = started_processes(*context.database, node);
          if (processes && processes->empty()) {
            return failure(ErrorKind::remote, "it ended right after its start");
          }
          return processes;
        });
    const auto up = std::ranges::count_if(running, [](const auto& one) { return one.has_value(); });
    const std::string failures = failures_of(context, plan, nodes, running);
    return {
        failures.empty(),
        fmt::format("{}: runs again on {}{}", text_of_targets(plan), counted(up, "node"), failures),
        {}};
  }

  /// A killed process leaves nothing behind that a node would have to be cleared of.
  Result<std::string> residue(const FaultContext&, Node&) const override { return std::string(); }
  Result<void> clear(const FaultContext&, Node&) const override { return {}; }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Kill);

}  // namespace gauntlet
