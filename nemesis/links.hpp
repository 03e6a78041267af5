// Links: the one-way ways between nodes that a fault on the network concerns.
//
// A link is a listener and a speaker, kept as a grudge: so one-way, per peer and all-to-all faults
// are the same thing.
#pragma once

#include <vector>

#include "nemesis/addresses.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/grudge.hpp"

namespace gauntlet {

/// The parameters "targets", "peers" and "direction".
std::vector<FaultParameter> link_parameters();
Result<void> check_links(const Value& parameters, const NodeNames& nodes);

struct Links {
  NodeNames targets;
  Grudge grudge;        ///< listener -> speakers; not empty
  Addresses addresses;  ///< of all nodes of the cluster
};

/// Draws targets, and the direction where it is left open. Fails where no link is left: one node,
/// peers that are the targets themselves.
Result<Links> choose_links(const FaultContext& context, const Value& parameters, Random& random);

/// As entries of a plan ("targets", "grudge", "addresses"), and back. A plan may come from a file:
/// nothing in it is taken on trust.
void put_links(Value& plan, const Links& links);
Result<Links> links_from(const Value& plan);

/// Addresses as an entry of a plan, and back.
Value to_value(const Addresses& addresses);
Result<Addresses> addresses_from(const Value* value);

/// prefix + 8 hex digits drawn at random: the name of what an injection puts on nodes.
std::string draw_name(std::string_view prefix, Random& random);
/// The name in a plan, if it is one that draw_name makes.
Result<std::string> name_from(const Value& plan, std::string_view prefix);

}  // namespace gauntlet
