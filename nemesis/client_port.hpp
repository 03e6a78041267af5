// The port at which a database serves clients: what faults on clients' traffic are made of.
#pragma once

#include <optional>
#include <string>

#include "nemesis/fault.hpp"
#include "nemesis/node_names.hpp"

namespace gauntlet {

/// Why faults on clients' traffic cannot be had; nullopt if they can.
std::optional<std::string> no_client_port(const FaultContext& context);

/// The entry "client_port" of a plan. A usage error where it is no port.
Result<int> client_port_from(const Value& plan);

/// Tries to connect to each of `nodes` as a client would, all at once, for a tenth of a second.
void knock(const FaultContext& context, const NodeNames& nodes, int port);

}  // namespace gauntlet
