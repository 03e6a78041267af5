#include "nemesis/queue_fault.hpp"

#include <chrono>
#include <sstream>

#include "nemesis/agent_links.hpp"

namespace gauntlet {

namespace {

constexpr std::chrono::seconds call_time{10};

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

std::optional<std::string> QueueFault::unsupported(const FaultContext& context) const {
  if (auto why = LinkChainFault::unsupported(context)) return why;
  if (context.agents == nullptr) return "there are no agents on the nodes";
  return std::nullopt;
}

Result<RuleCounts> QueueFault::put_in(const FaultContext& context, const Value& plan,
                                      Node& node) const {
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
  if (!counts || !queues(plan) || context.agents == nullptr) return counts;
  const auto said = context.agents->call(node, {"packets", "count", *name_from(plan, prefix())},
                                         Deadline::after(call_time));
  if (!said) return said.error();
  return with_changed(*counts, *said);
}

Result<RuleCounts> QueueFault::take_out(const FaultContext& context, const Value& plan,
                                        Node& node) const {
  // Without the chain nothing reaches the agent any more: it need not be there to be told.
  const auto counts = LinkChainFault::take_out(context, plan, node);
  if (!counts || !queues(plan) || context.agents == nullptr || counts->rules == 0) return counts;
  const auto said = context.agents->call(node, {"packets", "take", *name_from(plan, prefix())},
                                         Deadline::after(call_time));
  return said ? with_changed(*counts, *said) : counts;
}

}  // namespace gauntlet
