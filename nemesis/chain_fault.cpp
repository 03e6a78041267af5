#include "nemesis/chain_fault.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nemesis/script.hpp"
#include "nemesis/wording.hpp"

namespace gauntlet {

namespace {

using Chains = std::map<std::string, Chain>;

/// What all nodes say of their chains.
struct Counted {
  std::vector<Node*> nodes;
  std::vector<Result<std::vector<ChainCounter>>> counters;  ///< of `nodes`, in their order

  std::int64_t sum(const std::function<std::int64_t(const ChainCounter&)>& of) const {
    std::int64_t total = 0;
    for (const auto& one : counters) {
      if (!one) continue;
      for (const auto& counter : *one)
        total += of(counter);
    }
    return total;
  }
  std::int64_t rules() const {
    return sum([](const ChainCounter&) { return 1; });
  }
  std::int64_t reached() const {
    return std::ranges::count_if(counters, [](const auto& one) { return one.has_value(); });
  }
  std::string failures(const Chains& chains) const {
    std::string text;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!counters[i]) text += "; " + told_of(nodes[i]->name(), counters[i].error());
    }
    for (const auto& entry : chains) {
      if (std::ranges::count(nodes, entry.first, &Node::name) == 0)
        text += fmt::format("; {} is no node of this cluster", entry.first);
    }
    return text;
  }
};

Counted on_chains(const Cluster& cluster, const Chains& chains,
                  std::string (*script)(const Chain&)) {
  NodeNames names;
  for (const auto& [name, chain] : chains)
    names.push_back(name);
  Counted counted{nodes_named(cluster, names), {}};
  counted.counters = on_each<std::vector<ChainCounter>>(
      counted.nodes, [&](Node& node) -> Result<std::vector<ChainCounter>> {
        const Chain& chain = chains.at(node.name());
        const auto printed = run_script(node, "rules of " + chain.name, script(chain));
        if (!printed) return printed.error();
        return parse_chain_counters(*printed);
      });
  return counted;
}

}  // namespace

std::optional<std::string> ChainFault::unsupported(const FaultContext& context) const {
  if (!context.cluster->reachable()) return "no commands can be run on the nodes";
  const auto nodes = context.cluster->nodes();
  const auto probes = on_each<std::string>(nodes, [&](Node& node) {
    return run_script(node, fmt::format("probe of {}", name()),
                      probe_chain_script(table(), prefix(), sample_rule()));
  });
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    // A node that does not answer now may come back.
    if (probes[i] || probes[i].error().kind != ErrorKind::remote) continue;
    return fmt::format("iptables on {} does not take the rules: {}", nodes[i]->name(),
                       probes[i].error().what);
  }
  return std::nullopt;
}

FaultOutcome ChainFault::inject(const FaultContext& context, const Value& plan) const {
  const auto planned = chains(plan);
  if (!planned) return {false, planned.error().what, {}};
  const Nanos start_ns = monotonic_now();
  const Counted applied = on_chains(*context.cluster, *planned, chain_script);
  const Nanos applied_ns = monotonic_now() - start_ns;
  const std::string doubts = applied.failures(*planned);
  if (applied.rules() == 0) return {false, "no rule is in place" + doubts, {}};

  const auto affected_by = [this](const ChainCounter& counter) {
    return affects(counter) ? counter.packets : 0;
  };
  probe(context, plan);
  Counted seen = on_chains(*context.cluster, *planned, chain_counters_script);
  if (seen.sum(affected_by) == 0) {  // a packet was late, or was not among those drawn
    probe(context, plan);
    seen = on_chains(*context.cluster, *planned, chain_counters_script);
  }
  const std::int64_t affected = seen.sum(affected_by);
  linger(context, plan);
  return {affected > 0,
          fmt::format("{}: {} on {} within {} ms, {} affected so far{}", wording(plan),
                      counted(applied.rules(), "rule"), counted(applied.reached(), "node"),
                      applied_ns / nanos_per_millisecond, counted(affected, "packet"), doubts),
          {}};
}

FaultOutcome ChainFault::heal(const FaultContext& context, const Value& plan) const {
  const auto planned = chains(plan);
  if (!planned) return {false, planned.error().what, {}};
  const Counted last = on_chains(*context.cluster, *planned, undo_chain_script);
  const std::string failures = last.failures(*planned);
  const std::int64_t affected = last.sum(
      [this](const ChainCounter& counter) { return affects(counter) ? counter.packets : 0; });
  return {failures.empty(),
          fmt::format("{}: {} removed, {} affected{}", wording(plan), counted(last.rules(), "rule"),
                      counted(affected, "packet"), failures),
          {}};
}

Result<std::string> ChainFault::residue(const FaultContext&, Node& node) const {
  auto found =
      run_script(node, fmt::format("search for {}", name()), list_chains_script(table(), prefix()));
  if (!found) return found;
  found->resize(std::min<std::size_t>(found->find_last_not_of('\n') + 1, 1000));
  std::ranges::replace(*found, '\n', ',');
  return found;
}

Result<void> ChainFault::clear(const FaultContext&, Node& node) const {
  const auto removed = run_script(node, fmt::format("removal of {}", name()),
                                  remove_chains_script(table(), prefix()));
  return removed ? Result<void>() : removed.error();
}

std::vector<FaultParameter> LinkFault::parameters() const {
  auto all = link_parameters();
  for (const auto& number : numbers())
    all.push_back(to_parameter(number));
  return all;
}

Result<void> LinkFault::check(const Value& parameters,
                              const std::vector<std::string>& nodes) const {
  if (const auto sound = check_numbers(parameters, numbers()); !sound) return sound.error();
  return check_links(parameters, nodes);
}

std::optional<std::string> LinkFault::unsupported(const FaultContext& context) const {
  if (context.cluster->nodes().size() < 2) return "there is only one node";
  return ChainFault::unsupported(context);
}

Result<std::map<std::string, Chain>> LinkFault::chains(const Value& plan) const {
  const auto name = name_from(plan, prefix());
  if (!name) return name.error();
  const auto links = links_from(plan);
  if (!links) return links.error();
  if (const auto sound = check_numbers(plan, numbers()); !sound) return sound.error();
  std::map<std::string, Chain> result;
  for (const auto& [listener, speakers] : links->grudge) {
    for (const auto& speaker : speakers) {
      const auto& [here, there] =
          at_sender() ? std::tie(speaker, listener) : std::tie(listener, speaker);
      Chain& chain = result[here];
      chain.name = *name;
      chain.table = table();
      chain.hooks = {at_sender() ? "OUTPUT" : "INPUT"};
      for (const auto& address : links->addresses.at(there))
        chain.rules.push_back(rule_for(at_sender() ? "-d" : "-s", address, rule(plan, address)));
    }
  }
  return result;
}

void LinkFault::probe(const FaultContext& context, const Value& plan) const {
  const auto links = links_from(plan);
  if (!links) return;
  probe_links(*context.cluster, *links, [&](const std::string& address) {
    return fmt::format("ping -n -q -c {} -i 0.002 -W 0.2 {}", probe_pings(plan), address);
  });
}

Result<Value> LinkFault::prepare(const FaultContext& context, const Value& parameters,
                                 Random& random) const {
  if (const auto sound = check_numbers(parameters, numbers()); !sound) return sound.error();
  const auto links = choose_links(context, parameters, random);
  if (!links) return links.error();
  Value plan{Value::Map{}};
  put_links(plan, *links);
  put_numbers(plan, parameters, numbers());
  plan.set("name", draw_name(prefix(), random));
  return plan;
}

std::string LinkFault::text_of_links(const Value& plan) {
  const auto links = links_from(plan);
  return links ? to_text(links->grudge) : std::string("no links");
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
