// The `docker` program, with its failures put into words.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace gauntlet {

/// What `docker ARGUMENTS...` prints. Where there is no docker program, no daemon or no permission
/// the error is `resource`; what the daemon refuses is `remote`, with its words. Thread-safe.
Result<std::string> docker(const std::vector<std::string>& arguments,
                           std::chrono::milliseconds timeout = std::chrono::seconds(30),
                           const std::atomic<bool>* stop = nullptr);

/// Whether clusters of containers can be had here. Obeys $GAUNTLET_DOCKER_UNAVAILABLE, a reason not
/// to try.
Result<void> docker_available();

/// $GAUNTLET_NODE_IMAGE, else the image that was built last.
std::string default_node_image();

}  // namespace gauntlet
