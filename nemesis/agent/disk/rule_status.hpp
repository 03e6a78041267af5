// What the file system's answer to "status" says of its rules, for whoever asked.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gauntlet::disk {

/// Where the daemon listens on a node.
inline constexpr std::string_view usual_socket = "/run/gauntlet/disk.socket";

/// The ids of rules that are faults begin so: what is healed.
inline constexpr std::string_view fault_rule_prefix = "gauntlet_disk_";

struct RuleStatus {
  std::string id;
  std::int64_t applied = 0;
};

/// Of "ok written=... rules: ID applied N; ID applied N". What is no rule is left out.
inline std::vector<RuleStatus> rules_in(std::string_view status) {
  constexpr std::string_view head = " rules: ", middle = " applied ";
  std::vector<RuleStatus> rules;
  const std::size_t begin = status.find(head);
  if (begin == std::string_view::npos) return rules;
  status.remove_prefix(begin + head.size());
  while (!status.empty()) {
    const std::string_view one = status.substr(0, status.find("; "));
    status.remove_prefix(std::min(one.size() + 2, status.size()));
    const std::size_t at = one.find(middle);
    if (at == std::string_view::npos) continue;
    RuleStatus rule{std::string(one.substr(0, at)), 0};
    const std::string_view number = one.substr(at + middle.size());
    std::from_chars(number.data(), number.data() + number.size(), rule.applied);
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace gauntlet::disk
