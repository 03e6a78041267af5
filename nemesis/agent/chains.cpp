#include "nemesis/agent/chains.hpp"

#include "nemesis/agent/shell.hpp"

namespace gauntlet::agent {

namespace {

std::string each_chain(std::string_view table, std::string_view prefix, std::string_view words,
                       const std::string& action) {
  const std::string of_table = " -w 5 -t " + std::string(table);
  return "PATH=$PATH:/usr/sbin:/sbin\n"
         "for tool in iptables ip6tables; do\n"
         "  $tool" +
         of_table + " -S 2>/dev/null | sed -n 's/^-A \\(" + std::string(prefix) +
         "[0-9a-z_]*\\) .*" + std::string(words) + ".*/\\1/p' | sort -u |\n" +
         "  while read -r chain; do\n" + action + "  done\ndone\n";
}

}  // namespace

std::string list_chains(std::string_view table, std::string_view prefix, std::string_view words) {
  std::string found = run_shell(each_chain(table, prefix, words, "    echo $tool $chain\n")).text;
  for (char& c : found)
    c = c == '\n' ? ' ' : c;
  return found;
}

bool remove_chains(std::string_view table, std::string_view prefix, std::string_view words) {
  const std::string tool = "$tool -w 5 -t " + std::string(table);
  run_shell(each_chain(table, prefix, words,
                       "    for hook in INPUT OUTPUT PREROUTING; do\n"
                       "      while " +
                           tool +
                           " -D $hook -j $chain 2>/dev/null; do :; done\n"
                           "    done\n"
                           "    " +
                           tool + " -F $chain && " + tool + " -X $chain\n"));
  return list_chains(table, prefix, words).empty();
}

}  // namespace gauntlet::agent
