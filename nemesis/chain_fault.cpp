#include "nemesis/chain_fault.hpp"

#include <fmt/format.h>

#include "nemesis/script.hpp"

namespace gauntlet {

namespace {

Result<RuleCounts> run_and_count(Node& node, const Chain& chain, const std::string& script) {
  const auto printed = run_script(node, "rules of " + chain.name, script);
  if (!printed) return printed.error();
  RuleCounts counts;
  for (const auto& counter : parse_chain_counters(*printed)) {
    ++counts.rules;
    if (!counter.target.empty() && counter.target != "RETURN") counts.affected += counter.packets;
  }
  return counts;
}

}  // namespace

Result<RuleCounts> put_in_chain(Node& node, const Chain& chain) {
  return run_and_count(node, chain, chain_script(chain));
}

Result<RuleCounts> count_chain(Node& node, const Chain& chain) {
  return run_and_count(node, chain, chain_counters_script(chain));
}

Result<RuleCounts> take_out_chain(Node& node, const Chain& chain) {
  return run_and_count(node, chain, undo_chain_script(chain));
}

std::optional<std::string> chain_refusal(const FaultContext& context, std::string_view table,
                                         std::string_view prefix, std::string_view sample_rule) {
  if (!context.cluster->reachable()) return "no commands can be run on the nodes";
  const auto refusal = refusal_of(*context.cluster, fmt::format("probe for {}", prefix),
                                  probe_chain_script(table, prefix, sample_rule));
  if (!refusal) return std::nullopt;
  return "iptables does not take the rules on " + *refusal;
}

Result<std::string> chain_residue(Node& node, std::string_view table, std::string_view prefix) {
  const auto found = run_script(node, "search for chains", list_chains_script());
  if (!found) return found;
  return residue_text(chains_listed(*found, table, prefix));
}

Result<void> clear_chains(Node& node, std::string_view table, std::string_view prefix) {
  const auto removed =
      run_script(node, fmt::format("removal of {}", prefix), remove_chains_script(table, prefix));
  return removed ? Result<void>() : removed.error();
}

}  // namespace gauntlet
