// Whether this node is a machine of its own, whose wall clock nobody else lives by.
//
// A container has its host's wall clock, so setting it there would set that of the host and of all
// its containers. Every doubt counts as a no.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace gauntlet::agent {

/// What speaks for or against it, as found on the node.
struct MachineFacts {
  bool may_set_time = false;  ///< CAP_SYS_TIME
  /// Of this process, by kind: "pid", "user", "uts", "ipc", "cgroup".
  std::map<std::string, std::uint64_t> namespaces;
  bool root_of_init = false;   ///< our / is that of process 1
  std::string container_mark;  ///< a file or a variable that container managers leave; "" for none
  bool hosts_containers = false;  ///< processes of other PID namespaces run here
};

MachineFacts machine_facts();

/// Why it is not one; "" if it is.
std::string no_machine_of_its_own(const MachineFacts& facts);

/// Tells this boot of this kernel from any other; "" if unknown.
std::string boot_id();

}  // namespace gauntlet::agent
