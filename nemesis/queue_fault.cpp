#include "nemesis/queue_fault.hpp"

#include <chrono>
#include <sstream>

#include "nemesis/agent_links.hpp"
#include "nemesis/script.hpp"

namespace gauntlet {

namespace {

constexpr std::chrono::seconds call_time{10};

ChoiceParameter means() {
  return {"by",
          "auto",
          {"auto", "netem", "queue"},
          "what does it: the kernel's netem, the agent's packet queue, or netem where the kernel "
          "has it, can say it and is free, else the queue"};
}

/// Puts the number of packets that the agent changed, its second word, into counts of a chain.
RuleCounts with_changed(RuleCounts counts, const std::string& said) {
  std::istringstream words(said);
  std::int64_t seen = 0, changed = 0;
  counts.affected = words >> seen >> changed ? changed : 0;
  return counts;
}

}  // namespace

std::string QueueFault::queue_words() {
  // The number is that of the agent's queue, nemesis/agent/packet_queue.hpp.
  return "-j NFQUEUE --queue-num 27253 --queue-bypass";
}

std::vector<ChoiceParameter> QueueFault::choices() const {
  auto all = model_choices();
  all.push_back(means());
  return all;
}

std::optional<std::string> QueueFault::no_queue(const FaultContext& context) const {
  if (auto why = LinkChainFault::unsupported(context)) return why;
  if (context.agents == nullptr) return "there are no agents on the nodes";
  return std::nullopt;
}

std::optional<std::string> QueueFault::unsupported(const FaultContext& context) const {
  auto why = no_queue(context);
  const bool may_be_netem = why && context.cluster->reachable() &&
                            context.cluster->nodes().size() > 1 && netem(Value::map({}));
  if (!may_be_netem) return why;
  return refusal_of(*context.cluster, "probe of netem", probe_netem_script()) ? why : std::nullopt;
}

Result<void> QueueFault::check(const Value& parameters,
                               const std::vector<std::string>& nodes) const {
  if (const auto sound = LinkChainFault::check(parameters, nodes); !sound) return sound;
  if (text_from(parameters, "by", "auto") != "netem" || netem(parameters)) return {};
  return failure(ErrorKind::usage, "netem cannot do that", "leave out by=netem");
}

Result<std::string> QueueFault::residue(const FaultContext& context, Node& node) const {
  auto chains = LinkChainFault::residue(context, node);
  const auto printed = run_script(node, "search for netem", list_netems_script());
  if (!chains) return chains;
  if (!printed) return printed;
  const std::string netems = netems_of(prefix(), *printed);
  return netems.empty() ? *chains : *chains + (chains->empty() ? "" : "; ") + netems;
}

Result<void> QueueFault::clear(const FaultContext& context, Node& node) const {
  const auto cleared = LinkChainFault::clear(context, node);
  const auto removed = run_script(node, "removal of netem", remove_netems_script(prefix()));
  return !cleared ? cleared : removed ? Result<void>() : removed.error();
}

Result<RuleCounts> QueueFault::run_netem(const Value& plan, Node& node,
                                         std::string (*script)(const Netem&)) const {
  const Netem wanted{*name_from(plan, prefix()), netem(plan).value_or(""),
                     other_ends(plan, node.name())};
  const auto printed = run_script(node, "netem of " + wanted.name, script(wanted));
  if (!printed) return printed.error();
  const NetemCounters counters = parse_netem_counters(*printed);
  if (!counters.in_place) return RuleCounts{};
  return RuleCounts{static_cast<std::int64_t>(wanted.addresses.size()), affected(counters), true};
}

Result<RuleCounts> QueueFault::put_in(const FaultContext& context, const Value& plan,
                                      Node& node) const {
  const std::string by = text_from(plan, "by", "auto");
  if (by == "netem" || (by == "auto" && queues(plan) && netem(plan))) {
    const auto counts = run_netem(plan, node, netem_script);
    if (by == "netem" || (counts && counts->rules > 0)) return counts;
  }
  if (!queues(plan)) return LinkChainFault::put_in(context, plan, node);
  if (context.agents == nullptr)
    return failure(ErrorKind::resource, "there are no agents on the nodes");
  std::vector<std::string> words = {"packets", "put", *name_from(plan, prefix())};
  for (auto& word : model(plan))
    words.push_back(std::move(word));
  words.emplace_back("from");
  for (auto& address : other_ends(plan, node.name()))
    words.push_back(std::move(address));
  const auto said = context.agents->call(node, words, Deadline::after(call_time));
  if (!said) return said.error();
  return LinkChainFault::put_in(context, plan, node);
}

Result<RuleCounts> QueueFault::count(const FaultContext& context, const Value& plan,
                                     Node& node) const {
  const auto counts = LinkChainFault::count(context, plan, node);
  const bool has_chain = counts && counts->rules > 0;
  if (!has_chain && text_from(plan, "by", "auto") != "queue")
    return run_netem(plan, node, netem_counters_script);
  if (!counts || !queues(plan) || context.agents == nullptr) return counts;
  const auto said = context.agents->call(node, {"packets", "count", *name_from(plan, prefix())},
                                         Deadline::after(call_time));
  if (!said) return said.error();
  return with_changed(*counts, *said);
}

Result<RuleCounts> QueueFault::take_out(const FaultContext& context, const Value& plan,
                                        Node& node) const {
  if (text_from(plan, "by", "auto") != "queue") {
    const auto netem_counts = run_netem(plan, node, undo_netem_script);
    if (!netem_counts || netem_counts->rules > 0) return netem_counts;
  }
  // Without the chain nothing reaches the agent any more: it need not be there to be told.
  const auto counts = LinkChainFault::take_out(context, plan, node);
  if (!counts || !queues(plan) || context.agents == nullptr || counts->rules == 0) return counts;
  const auto said = context.agents->call(node, {"packets", "take", *name_from(plan, prefix())},
                                         Deadline::after(call_time));
  return said ? with_changed(*counts, *said) : counts;
}

}  // namespace gauntlet
