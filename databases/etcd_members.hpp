// Changes of etcd's membership: a node leaves, and joins again as a new member without data.
//
// A member is recognized by its peer URL, since one that has not started has no name. What the
// members are is asked of a node that has just made a linearizable read, so that it has heard of
// all changes before: the list itself comes from a member's own state.
#pragma once

#include <string>
#include <vector>

#include "databases/etcd_wire.hpp"
#include "harness/control/cluster.hpp"

namespace gauntlet::etcd {

inline constexpr std::uint16_t port_for_clients = 2379;
inline constexpr std::uint16_t port_for_peers = 2380;

std::string peer_url_of(const Node& node);

/// What `asked` says; an error where it does not serve within 2 s.
Result<std::vector<Member>> members_told_by(const Node& asked);

struct Told {
  Node* by = nullptr;
  std::vector<Member> members;
  const Member* find(const Node& node) const;  ///< nullptr if it is no member
};
/// What the first of the others says that serves, within 8 s.
Result<Told> members_told_to(const Cluster& cluster, const Node& node);

/// Has the others remove `node`, unless it is no member. Within 15 s.
Result<void> remove_member(const Cluster& cluster, const Node& node);
/// Has the others add `node`, unless it is a member; what they then say.
Result<Told> add_member(const Cluster& cluster, const Node& node);
/// Until the others know it by its name.
Result<void> await_started(const Cluster& cluster, const Node& node, Deadline deadline);

/// "n1=http://10.0.0.1:2380,...", of all members, for a node that joins; an error where one is none
/// of the cluster's nodes.
Result<std::string> initial_cluster(const Cluster& cluster, const std::vector<Member>& members);

}  // namespace gauntlet::etcd
