// The addresses of nodes as the nodes see them, in figures: what rules are made of.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/control/cluster.hpp"

namespace gauntlet {

/// Canonical IP addresses (IPv4, IPv6 or both) of nodes, by node name.
using Addresses = std::map<std::string, std::vector<std::string>>;

/// An IPv4 or IPv6 address in figures, written the one way that tools print it (RFC 5952); "" if
/// `text` is none. Nothing else ever goes into a rule.
std::string canonical_address(const std::string& text);

/// Resolves host names on every node at once and takes all that any of them answers, since hosts
/// files differ. Loopback addresses do not count: a machine may know itself by one. Fails if a name
/// resolves to nothing, if two nodes share an address or if one is the controller's: none of these
/// can be cut off. Nodes that do not answer are not asked.
Result<Addresses> addresses_of(const Cluster& cluster);

}  // namespace gauntlet
