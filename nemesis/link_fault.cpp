#include "nemesis/link_fault.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nemesis/script.hpp"

namespace gauntlet {

std::vector<FaultParameter> LinkFault::parameters() const {
  auto all = link_parameters();
  for (const auto& number : numbers())
    all.push_back(to_parameter(number));
  for (const auto& choice : choices())
    all.push_back(to_parameter(choice));
  return all;
}

Result<void> LinkFault::check(const Value& parameters,
                              const std::vector<std::string>& nodes) const {
  if (const auto sound = check_numbers(parameters, numbers()); !sound) return sound.error();
  if (const auto sound = check_choices(parameters, choices()); !sound) return sound.error();
  return check_links(parameters, nodes);
}

Result<Value> LinkFault::prepare(const FaultContext& context, const Value& parameters,
                                 Random& random) const {
  if (const auto sound = check_numbers(parameters, numbers()); !sound) return sound.error();
  if (const auto sound = check_choices(parameters, choices()); !sound) return sound.error();
  const auto links = choose_links(context, parameters, random);
  if (!links) return links.error();
  Value plan{Value::Map{}};
  put_links(plan, *links);
  put_numbers(plan, parameters, numbers());
  put_choices(plan, parameters, choices());
  plan.set("name", draw_name(prefix(), random));
  return plan;
}

Value LinkFault::decided(const Value& given, const Value& plan) const {
  Value parameters = Fault::decided(given, plan);
  const auto links = links_from(plan);
  if (!links || text_from(given, "direction", "both") != "any") return parameters;
  bool in = false, out = false;
  for (const auto& [listener, speakers] : links->grudge) {
    out = out || std::ranges::count(links->targets, listener) == 0;
    for (const auto& speaker : speakers)
      in = in || std::ranges::count(links->targets, speaker) == 0;
  }
  parameters.set("direction", in && !out ? "in" : out && !in ? "out" : "both");
  return parameters;
}

Result<NodeNames> LinkFault::concerned(const Value& plan) const {
  if (const auto name = name_from(plan, prefix()); !name) return name.error();
  if (const auto sound = check_numbers(plan, numbers()); !sound) return sound.error();
  if (const auto sound = check_choices(plan, choices()); !sound) return sound.error();
  const auto links = links_from(plan);
  if (!links) return links.error();
  std::set<std::string> names;
  for (const auto& [listener, speakers] : links->grudge) {
    if (!at_sender()) names.insert(listener);
    if (at_sender()) names.insert(speakers.begin(), speakers.end());
  }
  return NodeNames(names.begin(), names.end());
}

void LinkFault::probe(const FaultContext& context, const Value& plan) const {
  const auto links = links_from(plan);
  if (!links) return;
  probe_links(*context.cluster, *links, [&](const std::string& address) {
    return fmt::format("ping -n -q -c {} -i 0.002 -W 0.2 {}", probe_pings(plan), address);
  });
}

std::vector<std::string> LinkFault::other_ends(const Value& plan, const std::string& node) const {
  const auto links = links_from(plan);
  GAUNTLET_ASSERT(links.has_value());
  std::vector<std::string> addresses;
  for (const auto& [listener, speakers] : links->grudge) {
    for (const auto& speaker : speakers) {
      const std::string& here = at_sender() ? speaker : listener;
      const std::string& there = at_sender() ? listener : speaker;
      if (here != node) continue;
      const auto& own = links->addresses.at(there);
      addresses.insert(addresses.end(), own.begin(), own.end());
    }
  }
  return addresses;
}

std::string LinkFault::text_of_links(const Value& plan) {
  const auto links = links_from(plan);
  return links ? to_text(links->grudge) : std::string("no links");
}

std::optional<std::string> LinkChainFault::unsupported(const FaultContext& context) const {
  if (context.cluster->nodes().size() < 2) return "there is only one node";
  return chain_refusal(context, table(), prefix(), sample_rule());
}

Chain LinkChainFault::chain_of(const Value& plan, const Node& node) const {
  Chain chain{*name_from(plan, prefix()), std::string(table()), {}, {}};
  chain.hooks.emplace_back(hook());
  for (const auto& address : other_ends(plan, node.name()))
    chain.rules.push_back(rule_for(at_sender() ? "-d" : "-s", address, rule(plan, address)));
  return chain;
}

int pings_for(double probability) {
  return static_cast<int>(std::clamp(std::ceil(5 / probability), 5.0, 300.0));
}

void probe_links(const Cluster& cluster, const Links& links,
                 const std::function<std::string(const std::string& address)>& words) {
  std::map<std::string, std::string> script_of_speaker;
  for (const auto& [listener, speakers] : links.grudge) {
    for (const auto& speaker : speakers) {
      script_of_speaker[speaker] +=
          fmt::format("({}) >/dev/null 2>&1 &\n", words(links.addresses.at(listener).front()));
    }
  }
  NodeNames speakers;
  for (const auto& [speaker, script] : script_of_speaker)
    speakers.push_back(speaker);
  (void)on_each<std::string>(nodes_named(cluster, speakers), [&](Node& node) {
    return run_script(node, "probe of links", script_of_speaker.at(node.name()) + "wait\n");
  });
}

}  // namespace gauntlet
