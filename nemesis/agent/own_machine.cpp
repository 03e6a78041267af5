#include "nemesis/agent/own_machine.hpp"

#include <linux/capability.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

#include "nemesis/agent/node_processes.hpp"

namespace gauntlet::agent {

namespace {

// The kernel gives its first namespaces these fixed numbers (include/linux/proc_ns.h).
const std::map<std::string, std::uint64_t>& first_namespaces() {
  static const std::map<std::string, std::uint64_t> numbers = {{"ipc", 0xEFFFFFFF},
                                                               {"uts", 0xEFFFFFFE},
                                                               {"user", 0xEFFFFFFD},
                                                               {"pid", 0xEFFFFFFC},
                                                               {"cgroup", 0xEFFFFFFB}};
  return numbers;
}

std::optional<std::uint64_t> namespace_of(const std::string& process, const std::string& kind) {
  struct stat found {};
  if (stat(("/proc/" + process + "/ns/" + kind).c_str(), &found) != 0) return std::nullopt;
  return found.st_ino;
}

bool may_set_time() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("CapEff:")) continue;
    std::istringstream hex(line.substr(7));
    std::uint64_t capabilities = 0;
    return hex >> std::hex >> capabilities && (capabilities >> CAP_SYS_TIME & 1) != 0;
  }
  return false;
}

bool root_is_that_of_init() {
  struct stat ours {
  }, of_init{};
  return stat("/", &ours) == 0 && stat("/proc/1/root", &of_init) == 0 &&
         ours.st_dev == of_init.st_dev && ours.st_ino == of_init.st_ino;
}

std::string container_mark() {
  struct stat found {};
  for (const char* path : {"/.dockerenv", "/run/.containerenv", "/run/systemd/container"}) {
    if (stat(path, &found) == 0) return path;
  }
  std::ifstream environment("/proc/1/environ");
  for (std::string variable; std::getline(environment, variable, '\0');) {
    if (variable.starts_with("container=")) return variable;
  }
  return "";
}

}  // namespace

MachineFacts machine_facts() {
  MachineFacts facts;
  facts.may_set_time = may_set_time();
  for (const auto& [kind, first] : first_namespaces()) {
    if (const auto number = namespace_of("self", kind)) facts.namespaces[kind] = *number;
  }
  facts.root_of_init = root_is_that_of_init();
  facts.container_mark = container_mark();
  const auto pids = all_processes();
  facts.hosts_containers = std::any_of(pids.begin(), pids.end(), [&](pid_t pid) {
    const auto number = namespace_of(std::to_string(pid), "pid");
    return number && *number != first_namespaces().at("pid");
  });
  return facts;
}

std::string no_machine_of_its_own(const MachineFacts& facts) {
  if (!facts.container_mark.empty()) return "it is a container (" + facts.container_mark + ")";
  for (const auto& [kind, first] : first_namespaces()) {
    const auto found = facts.namespaces.find(kind);
    if (found == facts.namespaces.end()) return "its " + kind + " namespace is not known";
    if (found->second != first) return "it is in a " + kind + " namespace of its own";
  }
  if (!facts.root_of_init) return "its root is not that of process 1";
  if (facts.hosts_containers) return "containers run on it, which share its clock";
  if (!facts.may_set_time) return "the agent may not set its clock";
  return "";
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id;
}

}  // namespace gauntlet::agent
