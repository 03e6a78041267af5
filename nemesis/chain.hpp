// Chains of packet rules: what one fault has put into one table of iptables on one node.
//
// For what partition's tables (nemesis/firewall.hpp) cannot say: drop at random, answer with a
// reset, send a copy, hand to a queue. Each injection has a chain of its own, named after it, so
// that faults that overlap come and go without knowing of each other. A chain is filled first and
// hooked in last. Scripts are for /bin/sh as root; what they print is read by
// `parse_chain_counters`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gauntlet {

enum class RuleFamily { ipv4, ipv6, both };

struct ChainRule {
  RuleFamily family = RuleFamily::both;
  std::string words;  ///< as iptables takes them: "-s 10.0.0.1 -j DROP"; made of checked parts only
};

/// Names are prefix + 8 hex digits, at most 28 characters (the tool's limit).
struct Chain {
  std::string name;
  std::string table = "filter";    ///< or "mangle", "raw", "nat"
  std::vector<std::string> hooks;  ///< "INPUT", "OUTPUT", "PREROUTING"
  std::vector<ChainRule> rules;
};

/// A rule for packets from (`-s`) or to (`-d`) a canonical address, of that address's family.
ChainRule rule_for(std::string_view option, const std::string& address, const std::string& words);

/// Puts the chain in, replacing what it held before; prints its rules.
std::string chain_script(const Chain& chain);
/// Prints the rules with their counters; fails if the chain is nowhere.
std::string chain_counters_script(const Chain& chain);
/// Prints the rules with their counters, then removes the chain; succeeds if it is gone.
std::string undo_chain_script(const Chain& chain);
/// Prints a line for each chain of ours in any table: "nat iptables chain gauntlet_...".
std::string list_chains_script();
/// Of these lines those for `table` and names that begin with `prefix`, without the table.
std::string chains_listed(std::string_view lines, std::string_view table, std::string_view prefix);
std::string remove_chains_script(std::string_view table, std::string_view prefix);
/// Succeeds if the kernel takes a rule of these words; leaves nothing.
std::string probe_chain_script(std::string_view table, std::string_view prefix,
                               std::string_view words);

struct ChainCounter {
  std::string source, destination;  ///< canonical addresses, "" where the rule names none
  std::string target;               ///< "DROP", "REJECT", ...; "" where packets are only counted
  std::int64_t packets = 0;
};

/// An entry for each rule in what the scripts print.
std::vector<ChainCounter> parse_chain_counters(std::string_view output);

}  // namespace gauntlet
