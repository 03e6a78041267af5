// The containers of a cluster as machines: paused, restarted, limited by Docker.
#pragma once

#include <memory>
#include <string>

#include "harness/control/machines.hpp"

namespace gauntlet {

/// Those of the cluster of that name; a container is acted upon only if its labels say that it is
/// the node's.
std::unique_ptr<Machines> docker_machines(const std::string& cluster);

}  // namespace gauntlet
