#include "nemesis/addresses.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace gauntlet {

namespace {

bool is_loopback(const std::string& address) {
  return address == "::1" || address.starts_with("127.");
}

/// Reads lines "INDEX ADDRESS", an index into `nodes`; passes over what is neither.
void take_answers(std::string_view output, const std::vector<Node*>& nodes,
                  std::map<std::string, std::set<std::string>>& found) {
  while (!output.empty()) {
    const std::string_view line = output.substr(0, output.find('\n'));
    output.remove_prefix(std::min(output.size(), line.size() + 1));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const std::string prefix = std::to_string(i) + " ";
      if (!line.starts_with(prefix)) continue;
      const std::string address = canonical_address(std::string(line.substr(prefix.size())));
      if (!address.empty() && !is_loopback(address)) found[nodes[i]->name()].insert(address);
    }
  }
}

void ask_nodes(const std::vector<Node*>& nodes,
               std::map<std::string, std::set<std::string>>& found) {
  std::string script;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (found.contains(nodes[i]->name())) continue;
    script += fmt::format("getent ahosts {} | sed 's/ .*//; s/^/{} /'\n",
                          shell_quote(nodes[i]->address()), i);
  }
  if (script.empty()) return;
  const auto answers = on_each<CommandResult>(nodes, [&](Node& node) {
    return node.run(Command::shell(script).within(std::chrono::seconds(10)));
  });
  for (const auto& answer : answers) {
    if (answer) take_answers(answer->output, nodes, found);
  }
}

}  // namespace

std::string canonical_address(const std::string& text) {
  unsigned char bytes[16];
  char out[INET6_ADDRSTRLEN];
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, text.c_str(), bytes) == 1) {
      return inet_ntop(family, bytes, out, sizeof out);
    }
  }
  return {};
}

Result<Addresses> addresses_of(const Cluster& cluster) {
  const auto nodes = cluster.nodes();
  std::map<std::string, std::set<std::string>> found;
  for (const Node* node : nodes) {
    const std::string literal = canonical_address(node->address());
    if (!literal.empty() && !is_loopback(literal)) found[node->name()] = {literal};
  }
  ask_nodes(nodes, found);

  const std::string controller = canonical_address(cluster.controller_address());
  std::map<std::string, std::string> owner;
  Addresses addresses;
  for (const Node* node : nodes) {
    const auto& own = found[node->name()];
    if (own.empty()) {
      return failure(ErrorKind::remote,
                     fmt::format("{} ({}) has no address that the other nodes could drop",
                                 node->name(), node->address()));
    }
    for (const auto& address : own) {
      if (address == controller) {
        return failure(ErrorKind::usage,
                       fmt::format("{} has the controller's address {}", node->name(), address));
      }
      const auto [at, added] = owner.emplace(address, node->name());
      if (!added) {
        return failure(ErrorKind::usage, fmt::format("{} and {} have the same address {}",
                                                     at->second, node->name(), address));
      }
    }
    addresses[node->name()] = {own.begin(), own.end()};
  }
  return addresses;
}

}  // namespace gauntlet
