#include "nemesis/chain.hpp"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "base/assert.hpp"
#include "nemesis/addresses.hpp"
#include "nemesis/words.hpp"

namespace gauntlet {

namespace {

// A login that is not root's may lack the folders of system tools.
constexpr std::string_view preamble = "PATH=$PATH:/usr/sbin:/sbin\n";
constexpr std::string_view all_hooks = "INPUT OUTPUT PREROUTING";

void require_plain(std::string_view name) {
  GAUNTLET_ASSERT(!name.empty());
  for (const char c : name)
    GAUNTLET_ASSERT((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
}

std::string rules_of(const Chain& chain, RuleFamily family) {
  std::string rules;
  for (const auto& rule : chain.rules) {
    GAUNTLET_ASSERT(rule.words.find_first_of("\n\r'\"\\") == std::string::npos);
    if (rule.family == family || rule.family == RuleFamily::both)
      rules += fmt::format("-A {} {}\n", chain.name, rule.words);
  }
  return rules;
}

/// Whether a family has rules that are about it alone: without IPv6 addresses, a node need not
/// have ip6tables.
bool concerns(const Chain& chain, RuleFamily family) {
  for (const auto& rule : chain.rules) {
    if (rule.family == family) return true;
  }
  return false;
}

std::string script_of_family(const Chain& chain, std::string_view tool, RuleFamily family,
                             bool needed) {
  const std::string rules = rules_of(chain, family);
  if (rules.empty()) return {};
  const std::string otherwise = needed ? "exit 1" : "true";
  std::string script = fmt::format(
      "{0}-restore -w 5 --noflush <<'END' {5} || {4}\n*{1}\n:{2} - [0:0]\n{3}COMMIT\nEND\n", tool,
      chain.table, chain.name, rules, otherwise, needed ? "" : "2>/dev/null");
  for (const auto& hook : chain.hooks) {
    script += fmt::format(
        "{0} -w 5 -t {1} -C {2} -j {3} 2>/dev/null || {0} -w 5 -t {1} -I {2} -j {3} {5}|| {4}\n",
        tool, chain.table, hook, chain.name, otherwise, needed ? "" : "2>/dev/null ");
  }
  return script + fmt::format("{} -w 5 -t {} -vS {} 2>/dev/null\n", tool, chain.table, chain.name);
}

}  // namespace

ChainRule rule_for(std::string_view option, const std::string& address, const std::string& words) {
  GAUNTLET_ASSERT(canonical_address(address) == address);
  const bool ipv6 = address.find(':') != std::string::npos;
  return {ipv6 ? RuleFamily::ipv6 : RuleFamily::ipv4,
          fmt::format("{} {}{}{}", option, address, words.empty() ? "" : " ", words)};
}

std::string chain_script(const Chain& chain) {
  require_plain(chain.name);
  require_plain(chain.table);
  const bool only_ipv6 = concerns(chain, RuleFamily::ipv6) && !concerns(chain, RuleFamily::ipv4);
  return fmt::format(
      "{}{}{}exit 0\n", preamble, script_of_family(chain, "iptables", RuleFamily::ipv4, !only_ipv6),
      script_of_family(chain, "ip6tables", RuleFamily::ipv6, concerns(chain, RuleFamily::ipv6)));
}

std::string chain_counters_script(const Chain& chain) {
  require_plain(chain.name);
  require_plain(chain.table);
  return fmt::format(
      "{0}found=1\n"
      "for tool in iptables ip6tables; do\n"
      "  $tool -w 5 -t {1} -vS {2} 2>/dev/null && found=0\n"
      "done\n"
      "[ $found = 0 ] || echo 'the chain {2} is gone' >&2\n"
      "exit $found\n",
      preamble, chain.table, chain.name);
}

std::string undo_chain_script(const Chain& chain) {
  require_plain(chain.name);
  require_plain(chain.table);
  return fmt::format(
      "{0}for tool in iptables ip6tables; do\n"
      "  $tool -w 5 -t {1} -vS {2} 2>/dev/null || continue\n"
      "  for hook in {3}; do\n"
      "    while $tool -w 5 -t {1} -D $hook -j {2} 2>/dev/null; do :; done\n"
      "  done\n"
      "  $tool -w 5 -t {1} -F {2} && $tool -w 5 -t {1} -X {2} || exit 1\n"
      "done\n",
      preamble, chain.table, chain.name, all_hooks);
}

std::string list_chains_script() {
  return fmt::format(
      "{}for tool in iptables ip6tables; do\n"
      "  for table in filter mangle nat raw; do\n"
      "    $tool -w 5 -t $table -S 2>/dev/null |\n"
      "      sed -n \"s/^-N \\(gauntlet_.*\\)/$table $tool chain \\1/p\"\n"
      "  done\n"
      "done\n"
      "exit 0\n",
      preamble);
}

std::string chains_listed(std::string_view lines, std::string_view table, std::string_view prefix) {
  std::string found;
  while (!lines.empty()) {
    std::string_view chain = take_until(lines, '\n');
    const bool is_of_table = take_until(chain, ' ') == table;
    if (is_of_table && chain.substr(chain.rfind(' ') + 1).starts_with(prefix))
      found += std::string(chain) + "\n";
  }
  return found;
}

std::string remove_chains_script(std::string_view table, std::string_view prefix) {
  require_plain(table);
  require_plain(prefix);
  return fmt::format(
      "{0}for tool in iptables ip6tables; do\n"
      "  $tool -w 5 -t {1} -S 2>/dev/null | sed -n 's/^-N \\({2}.*\\)/\\1/p' |\n"
      "  while read -r chain; do\n"
      "    for hook in {3}; do\n"
      "      while $tool -w 5 -t {1} -D $hook -j \"$chain\" 2>/dev/null; do :; done\n"
      "    done\n"
      "    $tool -w 5 -t {1} -F \"$chain\" && $tool -w 5 -t {1} -X \"$chain\"\n"
      "  done\n"
      "done\n",
      preamble, table, prefix, all_hooks);
}

std::string probe_chain_script(std::string_view table, std::string_view prefix,
                               std::string_view words) {
  require_plain(table);
  require_plain(prefix);
  return fmt::format(
      "{0}chain={2}probe\n"
      "iptables -w 5 -t {1} -N $chain || iptables -w 5 -t {1} -F $chain || exit 1\n"
      "iptables -w 5 -t {1} -A $chain {3}\n"
      "taken=$?\n"
      "iptables -w 5 -t {1} -F $chain && iptables -w 5 -t {1} -X $chain\n"
      "exit $taken\n",
      preamble, table, prefix, words);
}

std::vector<ChainCounter> parse_chain_counters(std::string_view output) {
  std::vector<ChainCounter> counters;
  const auto address_in = [](const std::string& word) {
    return canonical_address(word.substr(0, word.find('/')));  // the tool adds a prefix length
  };
  std::istringstream lines{std::string(output)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word, value;
    if (!(words >> word) || word != "-A") continue;
    ChainCounter counter;
    bool counts = false;
    while (words >> word) {
      if (word == "-s" && words >> value) counter.source = address_in(value);
      if (word == "-d" && words >> value) counter.destination = address_in(value);
      if (word == "-j" && words >> value) counter.target = value;
      if (word == "-c" && words >> value) {
        const char* const end = value.data() + value.size();
        const auto parsed = std::from_chars(value.data(), end, counter.packets);
        counts = parsed.ec == std::errc() && parsed.ptr == end;
      }
    }
    if (counts) counters.push_back(std::move(counter));
  }
  return counters;
}

}  // namespace gauntlet
