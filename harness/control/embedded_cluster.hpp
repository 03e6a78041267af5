// The nodes of a database that lives in this process: names without machines.
#pragma once

#include <memory>

#include "harness/control/cluster.hpp"

namespace gauntlet {

/// Nodes n1 to nN with the address "embedded"; commands on them are refused as `usage`.
std::unique_ptr<Cluster> embedded_cluster(int nodes);

}  // namespace gauntlet
