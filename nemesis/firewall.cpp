#include "nemesis/firewall.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/assert.hpp"
#include "nemesis/addresses.hpp"

namespace gauntlet {

namespace {

// A login that is not root's may lack the folders of system tools.
constexpr std::string_view preamble = "PATH=$PATH:/usr/sbin:/sbin\n";

bool is_ipv6(const std::string& address) {
  return address.find(':') != std::string::npos;
}

void require_plain(std::string_view name) {
  for (const char c : name)
    GAUNTLET_ASSERT((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
}

std::string nft_rules(const std::string& table, const std::vector<std::string>& addresses) {
  std::string rules = fmt::format(
      "table inet {0}\n"
      "delete table inet {0}\n"
      "table inet {0} {{\n"
      "  chain input {{\n"
      "    type filter hook input priority -10; policy accept;\n",
      table);
  for (const auto& address : addresses) {
    rules +=
        fmt::format("    {} saddr {} counter drop\n", is_ipv6(address) ? "ip6" : "ip", address);
  }
  return rules + "  }\n}\n";
}

/// Fills the chain first and hooks it in last, so that the rules come into force all at once.
std::string iptables_rules(std::string_view tool, const std::string& table,
                           const std::vector<std::string>& addresses) {
  std::string rules;
  for (const auto& address : addresses) {
    if (is_ipv6(address) == (tool == "ip6tables")) {
      rules += fmt::format("-A {} -s {} -j DROP\n", table, address);
    }
  }
  if (rules.empty()) return {};
  return fmt::format(
      "{0}-restore -w 5 --noflush <<'END' || fail\n"
      "*filter\n:{1} - [0:0]\n{2}COMMIT\nEND\n"
      "{0} -w 5 -C INPUT -j {1} 2>/dev/null || {0} -w 5 -I INPUT -j {1} || fail\n"
      "{0} -w 5 -vS {1}\n",
      tool, table, rules);
}

std::string_view next_word(std::string_view& line) {
  while (line.starts_with(' ') || line.starts_with('\t'))
    line.remove_prefix(1);
  const std::size_t end = line.find_first_of(" \t");
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(word.size());
  return word;
}

/// The word that follows one of two words, or "".
std::string_view word_after(std::string_view line, std::string_view a, std::string_view b) {
  for (std::string_view word; !(word = next_word(line)).empty();) {
    if (word == a || word == b) return next_word(line);
  }
  return {};
}

}  // namespace

std::string drop_script(const std::string& table, const std::vector<std::string>& addresses) {
  require_plain(table);
  for (const auto& address : addresses)
    GAUNTLET_ASSERT(canonical_address(address) == address);
  return fmt::format(
      "{0}"
      "fail() {{ echo \"nft: $said\" >&2; exit 1; }}\n"
      "if said=$(nft -f - 2>&1 <<'END'\n{1}END\n); then exec nft -n list table inet {2}; fi\n"
      "{3}{4}",
      preamble, nft_rules(table, addresses), table, iptables_rules("iptables", table, addresses),
      iptables_rules("ip6tables", table, addresses));
}

std::string drop_counters_script(const std::string& table) {
  require_plain(table);
  return fmt::format(
      "{0}"
      "nft -n list table inet {1} 2>/dev/null && exit\n"
      "found=1\n"
      "for tool in iptables ip6tables; do $tool -w 5 -vS {1} 2>/dev/null && found=0; done\n"
      "exit $found\n",
      preamble, table);
}

std::string undo_drop_script(const std::string& table) {
  require_plain(table);
  return fmt::format(
      "{0}"
      "if nft -n list table inet {1} 2>/dev/null; then\n"
      "  nft delete table inet {1} || exit\n"
      "  ! nft list table inet {1} >/dev/null 2>&1\n"
      "  exit\n"
      "fi\n"
      "for tool in iptables ip6tables; do\n"
      "  $tool -w 5 -vS {1} 2>/dev/null || continue\n"
      "  while $tool -w 5 -D INPUT -j {1} 2>/dev/null; do :; done\n"
      "  $tool -w 5 -F {1} && $tool -w 5 -X {1} || exit\n"
      "done\n",
      preamble, table);
}

std::string list_tables_script(std::string_view prefix) {
  require_plain(prefix);
  return fmt::format(
      "{0}"
      "nft list tables 2>/dev/null | grep ' {1}'\n"
      "for tool in iptables ip6tables; do\n"
      "  $tool -w 5 -S 2>/dev/null | sed -n \"s/^-N \\({1}.*\\)/$tool chain \\1/p\"\n"
      "done\n"
      "exit 0\n",
      preamble, prefix);
}

std::string remove_tables_script(std::string_view prefix) {
  require_plain(prefix);
  return fmt::format(
      "{0}"
      "nft list tables 2>/dev/null | while read -r word family name; do\n"
      "  case $name in {1}*) nft delete table \"$family\" \"$name\";; esac\n"
      "done\n"
      "for tool in iptables ip6tables; do\n"
      "  $tool -w 5 -S 2>/dev/null | sed -n 's/^-N \\({1}.*\\)/\\1/p' | while read -r chain; do\n"
      "    while $tool -w 5 -D INPUT -j \"$chain\" 2>/dev/null; do :; done\n"
      "    $tool -w 5 -F \"$chain\" && $tool -w 5 -X \"$chain\"\n"
      "  done\n"
      "done\n",
      preamble, prefix);
}

std::string probe_firewall_script() {
  return fmt::format(
      "{}"
      "said=$(nft list tables 2>&1 >/dev/null) && exit\n"
      "iptables -w 5 -S INPUT >/dev/null && exit\n"
      "echo \"$said\" >&2\n"
      "exit 1\n",
      preamble);
}

std::map<std::string, std::int64_t> parse_drop_counters(std::string_view output) {
  std::map<std::string, std::int64_t> packets_by_address;
  while (!output.empty()) {
    const std::string_view line = output.substr(0, output.find('\n'));
    output.remove_prefix(std::min(output.size(), line.size() + 1));
    std::string_view source = word_after(line, "saddr", "-s");
    source = source.substr(0, source.find('/'));  // iptables adds the prefix length
    const std::string address = canonical_address(std::string(source));
    const std::string_view count = word_after(line, "packets", "-c");
    std::int64_t packets = 0;
    const auto [end, error] = std::from_chars(count.begin(), count.end(), packets);
    if (address.empty() || count.empty() || error != std::errc() || end != count.end()) continue;
    packets_by_address[address] += packets;
  }
  return packets_by_address;
}

}  // namespace gauntlet
