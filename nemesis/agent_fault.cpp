#include "nemesis/agent_fault.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <chrono>
#include <thread>

#include "nemesis/agent_links.hpp"
#include "nemesis/bring_back.hpp"
#include "nemesis/node_names.hpp"
#include "nemesis/processes.hpp"
#include "nemesis/targets.hpp"
#include "nemesis/wording.hpp"
#include "nemesis/words.hpp"

namespace gauntlet {

namespace {

constexpr std::chrono::seconds call_timeout{10};
/// How long an injection is watched before its figures are taken.
constexpr std::chrono::milliseconds watch{500};

std::string injection_of(const Value& plan) {
  return text_from(plan, "injection", "");
}

std::vector<Node*> targets_of(const FaultContext& context, const Value& plan) {
  return nodes_named(*context.cluster, names_from(plan.find("targets")));
}

}  // namespace

Figures figures_from(std::string_view text) {
  Figures figures;
  while (!text.empty()) {
    std::string_view number = take_until(text, ' ');
    const std::string_view name = take_until(number, '=');
    std::int64_t value = 0;
    const auto [at, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    const bool is_figure = error == std::errc() && at == number.data() + number.size();
    if (is_figure && !number.empty()) figures[std::string(name)] = value;
  }
  return figures;
}

std::int64_t figure(const Figures& figures, std::string_view name) {
  const auto at = figures.find(name);
  return at == figures.end() ? 0 : at->second;
}

std::vector<FaultParameter> AgentFault::parameters() const {
  std::vector<FaultParameter> all = {{"targets", "any", "on which nodes: " + target_words()}};
  for (const auto& number : numbers())
    all.push_back(to_parameter(number));
  return all;
}

Result<void> AgentFault::check(const Value& parameters,
                               const std::vector<std::string>& nodes) const {
  if (auto sound = check_numbers(parameters, numbers()); !sound) return sound;
  return check_targets(text_from(parameters, "targets", "any"), nodes);
}

std::optional<std::string> AgentFault::unsupported(const FaultContext& context) const {
  if (auto why = no_processes(context.cluster, context.database)) return why;
  if (context.agents == nullptr) return "no program of ours runs on the nodes";
  return std::nullopt;
}

Result<Value> AgentFault::prepare(const FaultContext& context, const Value& parameters,
                                  Random& random) const {
  const auto targets = choose_targets(text_from(parameters, "targets", "any"), context, random,
                                      nodes_with_processes(*context.cluster, *context.database));
  if (!targets) return targets.error();
  Value plan =
      Value::map({{"targets", to_value(*targets)},
                  {"injection", fmt::format("{}-{:08x}", name(), random.below(1U << 31U))}});
  put_numbers(plan, parameters, numbers());
  Value by_node = Value::map({});
  for (const Node* node : nodes_named(*context.cluster, *targets))
    by_node.set(node->name(), to_value(words(context, *node, plan)));
  plan.set("words", std::move(by_node));
  return plan;
}

FaultOutcome AgentFault::inject(const FaultContext& context, const Value& plan) const {
  if (context.agents == nullptr) return {false, "", "no program of ours runs on the nodes"};
  const auto nodes = targets_of(context, plan);
  const auto call = [&](Node& node, const std::vector<std::string>& request) {
    return context.agents->call(node, request, Deadline::after(call_timeout));
  };
  const auto put = on_each<std::string>(nodes, [&](Node& node) -> Result<std::string> {
    const Value* const by_node = plan.find("words");
    std::vector<std::string> request = {module(), "put", injection_of(plan)};
    for (auto& word : names_from(by_node == nullptr ? nullptr : by_node->find(node.name())))
      request.push_back(std::move(word));
    return call(node, request);
  });
  std::this_thread::sleep_for(watch);
  std::vector<std::string> lines;
  bool took_effect = false;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto counted =
        put[i] ? call(*nodes[i], {module(), "count", injection_of(plan)}) : put[i].error();
    if (!counted) {
      lines.push_back(told_of(nodes[i]->name(), counted.error()));
      continue;
    }
    const FaultOutcome here = told(figures_from(*counted));
    took_effect = took_effect || here.took_effect;
    lines.push_back(nodes[i]->name() + " " + here.evidence);
  }
  return {took_effect, fmt::format("{}", fmt::join(lines, "; ")), {}};
}

Result<std::string> AgentFault::take(const FaultContext& context, Node& node,
                                     const Value& plan) const {
  if (context.agents != nullptr) {
    const auto figures = context.agents->call(node, {module(), "take", injection_of(plan)},
                                              Deadline::after(call_timeout));
    if (figures && figures->empty()) return std::string("is as before");
    if (figures) return told(figures_from(*figures)).evidence + " until now";
  }
  // A fresh process, or one whose agent was lost: whatever is there is ours.
  if (auto healed = heal_agent(node, module()); !healed) return healed.error();
  return std::string("is as before");
}

FaultOutcome AgentFault::heal(const FaultContext& context, const Value& plan) const {
  const auto nodes = targets_of(context, plan);
  std::vector<std::string> lines;
  const auto healed = on_each<std::string>(nodes, [&](Node& node) -> Result<std::string> {
    auto taken = take(context, node, plan);
    if (!taken || !may_end_database() || context.database == nullptr) return taken;
    const auto started = start_if_ended(context, node);
    if (!started) return started.error();
    if (*started) *taken += ", started again";
    return taken;
  });
  bool all = true;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    all = all && healed[i].has_value();
    lines.push_back(healed[i] ? nodes[i]->name() + " " + *healed[i]
                              : told_of(nodes[i]->name(), healed[i].error()));
  }
  return {all, fmt::format("{}", fmt::join(lines, "; ")), {}};
}

Result<std::string> AgentFault::residue(const FaultContext&, Node& node) const {
  return agent_residue(node, module());
}

Result<void> AgentFault::clear(const FaultContext&, Node& node) const {
  return heal_agent(node, module());
}

}  // namespace gauntlet
