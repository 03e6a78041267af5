#include "nemesis/clock_fault.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/duration.hpp"
#include "base/wall_clock.hpp"
#include "nemesis/agent_links.hpp"
#include "nemesis/machine_clock.hpp"
#include "nemesis/node_names.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/targets.hpp"
#include "nemesis/typed_parameter.hpp"
#include "nemesis/wording.hpp"

namespace gauntlet {

namespace {

constexpr std::chrono::seconds call_timeout{30};  // time daemons may take theirs to stop

ChoiceParameter clock_owner() {
  return {"of",
          "process",
          {"process", "machine"},
          "whose clock: that of the database's processes alone, or of a whole machine, which must "
          "be a host with a kernel of its own, not a container"};
}

bool is_of_machine(const Value& parameters) {
  return text_from(parameters, "of", "process") == "machine";
}

std::string targets_text(const Value& parameters) {
  return text_from(parameters, "targets", "any");
}

/// A plan read back, which may come from a file.
struct ClockPlan {
  NodeNames targets;
  std::string injection;
  std::map<std::string, ClockChange> changes;
  std::map<std::string, std::vector<std::string>> daemons;  ///< pidfile, program, pidfile, ...
  bool of_machine = false;
  std::map<std::string, MachineBefore> machines;  ///< where it is of machines

  /// The agent's module that has it in hand.
  std::string module() const { return of_machine ? "machine-clock" : "clock"; }
};

Result<ClockPlan> plan_from(const Value& plan) {
  const Error wrong = failure(ErrorKind::input, "the plan of a fault on clocks makes no sense");
  ClockPlan result;
  result.targets = names_from(plan.find("targets"));
  const Value* const injection = plan.find("injection");
  const Value* const changes = plan.find("changes");
  const Value* const daemons = plan.find("daemons");
  if (injection == nullptr || !injection->is_string() || changes == nullptr || !changes->is_map() ||
      daemons == nullptr || !daemons->is_map()) {
    return wrong;
  }
  result.injection = injection->string();
  for (const auto& [node, change] : changes->entries()) {
    const Value* const shape = change.find("shape");
    const Value* const a = change.find("a");
    const Value* const b = change.find("b");
    const bool sound = shape != nullptr && shape->is_string() && a != nullptr && a->is_integer() &&
                       b != nullptr && b->is_integer();
    if (!sound) return wrong;
    result.changes[node] = {shape->string(), a->integer(), b->integer()};
  }
  for (const auto& [node, words] : daemons->entries())
    result.daemons[node] = names_from(&words);
  result.of_machine = is_of_machine(plan);
  result.machines = machines_from(plan.find("machines"));
  return result;
}

/// "n1: why; n2: why", or "".
std::string failures_of(const std::vector<Node*>& nodes,
                        const std::vector<Result<std::string>>& results) {
  std::string text;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!results[i]) text += "; " + told_of(nodes[i]->name(), results[i].error());
  }
  return text;
}

/// ", it says +299.98 s", where the database tells its clock.
std::string own_words(const FaultContext& context, Node& node, bool machine_is_right) {
  if (context.database == nullptr) return "";
  const auto told = context.database->clock(node);
  if (!told || !*told) return "";
  std::int64_t right_ns = wall_now();
  if (machine_is_right) {
    const auto right = node.run(Command::of({"date", "+%s%N"}));
    if (!right || !right->succeeded()) return "";
    right_ns = std::strtoll(right->output.c_str(), nullptr, 10);
  }
  return fmt::format(", it says {}", signed_duration((*told)->time_ns - right_ns));
}

/// What shows that a node's clocks are off. `answer` is what the agent read back: a process and its
/// offset, each.
FaultOutcome proof_of(const FaultContext& context, Node& node, const ClockPlan& plan,
                      const std::string& answer) {
  const bool tells = plan.changes.at(node.name()).shape == "fixed";
  const std::string told = tells ? own_words(context, node, !plan.of_machine) : "";
  if (!plan.of_machine) {
    const auto processes = std::count(answer.begin(), answer.end(), ':');
    return {processes > 0, counted(processes, "process", "processes") + told, {}};
  }
  FaultOutcome proof = prove_off(*context.agents, node, plan.machines.at(node.name()));
  proof.evidence += told;
  return proof;
}

}  // namespace

std::map<std::string, ClockChange> clock_changes(const Value& plan) {
  const auto read = plan_from(plan);
  return read ? read->changes : std::map<std::string, ClockChange>();
}

Result<std::int64_t> duration_within(const std::string& name, std::string_view text, bool is_signed,
                                     std::int64_t least_ns, std::int64_t most_ns) {
  const bool has_sign = is_signed && (text.starts_with('-') || text.starts_with('+'));
  const auto size = parse_duration(text.substr(has_sign ? 1 : 0));
  if (!size || *size < least_ns || *size > most_ns) {
    return failure(
        ErrorKind::usage, fmt::format("{} is '{}'", name, text),
        fmt::format("give a duration from {} to {}{}", format_duration(least_ns),
                    format_duration(most_ns), is_signed ? ", with - in front for the past" : ""));
  }
  return text.starts_with('-') ? -*size : *size;
}

Result<std::int64_t> duration_from(const Value& parameters, const std::string& name,
                                   const std::string& otherwise, bool is_signed,
                                   std::int64_t least_ns, std::int64_t most_ns) {
  return duration_within(name, text_from(parameters, name, otherwise), is_signed, least_ns,
                         most_ns);
}

std::string signed_duration(std::int64_t ns) {
  return (ns < 0 ? "-" : "+") + format_duration(std::abs(ns));
}

std::vector<FaultParameter> ClockFault::with_targets(std::vector<FaultParameter> others) {
  others.insert(others.begin(), {{"targets", "any", "on which nodes: " + target_words()},
                                 to_parameter(clock_owner())});
  return others;
}

Result<void> ClockFault::check(const Value& parameters,
                               const std::vector<std::string>& nodes) const {
  if (const auto sound = check_choices(parameters, {clock_owner()}); !sound) return sound.error();
  Random random(0);
  if (const auto drawn = change(parameters, "", random); !drawn) return drawn.error();
  return check_targets(targets_text(parameters), nodes);
}

std::optional<std::string> ClockFault::unsupported(const FaultContext& context) const {
  if (auto why = no_processes(context.cluster, context.database)) return why;
  if (context.agents == nullptr) return "no program of ours runs on the nodes";
  return std::nullopt;
}

Result<Value> ClockFault::prepare(const FaultContext& context, const Value& parameters,
                                  Random& random) const {
  const auto targets = choose_targets(targets_text(parameters), context, random,
                                      nodes_with_processes(*context.cluster, *context.database));
  if (!targets) return targets.error();
  Value changes = Value::map({});
  Value daemons = Value::map({});
  for (const Node* node : nodes_named(*context.cluster, *targets)) {
    const auto drawn = change(parameters, node->name(), random);
    if (!drawn) return drawn.error();
    changes.set(node->name(),
                Value::map({{"shape", drawn->shape}, {"a", drawn->a}, {"b", drawn->b}}));
    daemons.set(node->name(), to_value(daemon_words(*context.database, *node)));
  }
  Value plan =
      Value::map({{"targets", to_value(*targets)},
                  {"injection", fmt::format("{}-{:08x}", name(), random.below(1ull << 32))},
                  {"changes", changes},
                  {"daemons", daemons}});
  put_choices(plan, parameters, {clock_owner()});
  if (is_of_machine(parameters)) {
    const auto machines = machines_before(context, *targets);
    if (!machines) return machines.error();
    plan.set("machines", to_value(*machines));
  }
  return plan;
}

FaultOutcome ClockFault::inject(const FaultContext& context, const Value& written) const {
  const auto plan = plan_from(written);
  if (!plan) return {false, plan.error().what, {}};
  if (context.agents == nullptr) return {false, "", "no program of ours runs on the nodes"};
  const auto nodes = nodes_named(*context.cluster, plan->targets);
  const auto put = on_each<std::string>(nodes, [&](Node& node) -> Result<std::string> {
    const auto change = plan->changes.find(node.name());
    const auto daemons = plan->daemons.find(node.name());
    if (change == plan->changes.end() || daemons == plan->daemons.end() ||
        (plan->of_machine && !plan->machines.contains(node.name()))) {
      return failure(ErrorKind::input, "the plan does not say what to do");
    }
    const auto& [shape, a, b] = change->second;
    std::vector<std::string> words = {
        plan->module(), "put", plan->injection, shape, std::to_string(a), std::to_string(b)};
    if (!plan->of_machine)
      words.insert(words.end(), daemons->second.begin(), daemons->second.end());
    return context.agents->call(node, words, Deadline::after(call_timeout));
  });
  std::vector<std::string> seen;
  bool any = false;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!put[i]) continue;
    const FaultOutcome proof = proof_of(context, *nodes[i], *plan, *put[i]);
    any = any || proof.took_effect;
    seen.push_back(fmt::format("{} {} ({})", nodes[i]->name(),
                               wording(plan->changes.at(nodes[i]->name())), proof.evidence));
  }
  return {any,
          fmt::format("{}{}",
                      seen.empty() ? "no clock is off" : fmt::format("{}", fmt::join(seen, ", ")),
                      failures_of(nodes, put)),
          {}};
}

FaultOutcome ClockFault::heal(const FaultContext& context, const Value& written) const {
  const auto plan = plan_from(written);
  if (!plan) return {false, plan.error().what, {}};
  const auto nodes = nodes_named(*context.cluster, plan->targets);
  // Machines are looked at through an agent, by a fresh process as well.
  std::optional<AgentLinks> own;
  if (context.agents == nullptr && plan->of_machine) own.emplace();
  AgentLinks* const agents = own ? &*own : context.agents;
  const auto taken = on_each<std::string>(nodes, [&](Node& node) -> Result<std::string> {
    bool done = false;
    if (context.agents != nullptr) {
      done =
          context.agents
              ->call(node, {plan->module(), "take", plan->injection}, Deadline::after(call_timeout))
              .has_value();
    }
    // A fresh process, or one whose agent was lost: whatever is off there is ours.
    if (!done) {
      if (auto healed = heal_agent(node, plan->module()); !healed) return healed.error();
    }
    const auto before = plan->machines.find(node.name());
    if (before == plan->machines.end() || agents == nullptr) return std::string();
    const auto right = prove_right(*agents, node, before->second);
    if (!right) return right.error();
    return "; " + *right;
  });
  std::string evidence = fmt::format("{}: clocks go right", fmt::join(plan->targets, " "));
  for (const auto& one : taken)
    evidence += one ? *one : "";
  const std::string failures = failures_of(nodes, taken);
  return {failures.empty(), evidence + failures, {}};
}

Result<std::string> ClockFault::residue(const FaultContext&, Node& node) const {
  auto of_processes = agent_residue(node, "clock");
  const auto of_machine = agent_residue(node, "machine-clock");
  if (!of_machine) return of_machine;
  if (!of_processes || of_machine->empty()) return of_processes;
  return *of_processes + (of_processes->empty() ? "" : "; ") + *of_machine;
}

Result<void> ClockFault::clear(const FaultContext&, Node& node) const {
  const auto of_processes = heal_agent(node, "clock");
  const auto of_machine = heal_agent(node, "machine-clock");
  return of_processes ? of_machine : of_processes;
}

}  // namespace gauntlet
