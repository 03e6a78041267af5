// Pause: SIGSTOP to the database's processes, SIGCONT to heal.
//
// To the others a paused node looks like one that is slow without bound: its connections stay open,
// its kernel acknowledges packets, and when it goes on it does not know that time has passed. So it
// finds leases and leaderships that are held too long.
#include <fmt/format.h>

#include <algorithm>

#include "nemesis/fault.hpp"
#include "nemesis/process_fault.hpp"
#include "nemesis/processes.hpp"

namespace gauntlet {

namespace {

/// States of all processes of a plan after a signal, node by node.
struct States {
  ProcessesOfNodes processes;
  std::vector<Node*> nodes;
  std::vector<Result<std::string>> states;

  std::int64_t count(const std::function<bool(char)>& is) const {
    std::int64_t sum = 0;
    for (const auto& one : states) {
      if (one) sum += std::ranges::count_if(*one, is);
    }
    return sum;
  }
};

States signal_all(const FaultContext& context, const Value& plan, ProcessSignal signal) {
  States all{processes_from(plan.find("processes")), {}, {}};
  all.nodes = nodes_named(*context.cluster, names_of(all.processes));
  all.states = on_each<std::string>(all.nodes, [&](Node& node) {
    return signal_processes(node, all.processes[node.name()], signal);
  });
  return all;
}

bool is_stopped(char state) {
  return state == 'T';
}

class Pause : public ProcessFault {
 public:
  std::string_view name() const override { return "pause"; }
  std::string_view proof() const override { return "the state of the processes is T"; }
  std::string_view description() const override {
    return "the database's processes stand still (SIGSTOP), later they go on";
  }

  FaultOutcome inject(const FaultContext& context, const Value& plan) const override {
    const States all = signal_all(context, plan, ProcessSignal::stop);
    const std::int64_t stopped = all.count(is_stopped);
    return {stopped > 0,
            fmt::format("{}: {} stopped{}", text_of_targets(plan),
                        counted(stopped, "process", "processes"),
                        failures_of(context, plan, all.nodes, all.states)),
            {}};
  }

  FaultOutcome heal(const FaultContext& context, const Value& plan) const override {
    const States all = signal_all(context, plan, ProcessSignal::resume);
    const std::string failures = failures_of(context, plan, all.nodes, all.states);
    const std::int64_t stopped = all.count(is_stopped);
    const std::int64_t gone = all.count([](char state) { return state == '-'; });
    const std::int64_t resumed = all.count([](char state) { return state != '-'; }) - stopped;
    std::string evidence = fmt::format("{}: {} resumed", text_of_targets(plan),
                                       counted(resumed, "process", "processes"));
    if (gone > 0) evidence += fmt::format(", {} ended meanwhile", gone);
    if (stopped > 0) evidence += fmt::format(", {} still stopped", stopped);
    return {stopped == 0 && failures.empty(), evidence + failures, {}};
  }

  Result<std::string> residue(const FaultContext& context, Node& node) const override {
    const auto stopped = stopped_processes(context, node);
    if (!stopped) return stopped.error();
    std::string found;
    for (const auto& process : *stopped) {
      found += fmt::format("{}process {} ({}) is stopped", found.empty() ? "" : ", ", process.pid,
                           process.executable);
    }
    return found;
  }

  Result<void> clear(const FaultContext& context, Node& node) const override {
    const auto stopped = stopped_processes(context, node);
    if (!stopped) return stopped.error();
    if (stopped->empty()) return {};
    const auto states = signal_processes(node, *stopped, ProcessSignal::resume);
    return states ? Result<void>() : states.error();
  }

 private:
  static Result<std::vector<RecordedProcess>> stopped_processes(const FaultContext& context,
                                                                Node& node) {
    std::vector<RecordedProcess> stopped;
    if (context.database == nullptr) return stopped;
    auto running = running_processes(*context.database, node);
    if (!running || running->empty()) return running;
    const auto states = signal_processes(node, *running, ProcessSignal::none);
    if (!states) return states.error();
    for (std::size_t i = 0; i < running->size(); ++i) {
      if (is_stopped((*states)[i])) stopped.push_back((*running)[i]);
    }
    return stopped;
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Pause);

}  // namespace gauntlet
