// Databases that come as packages of Debian.
#pragma once

#include <string>

#include "harness/control/node.hpp"

namespace gauntlet {

/// Runs `script` as root unless `program`, an absolute path, is there already; the script installs
/// `package`. An error says how to help. Takes 240 s at most.
Result<void> install_package(Node& node, const std::string& package, const std::string& program,
                             const char* script);

}  // namespace gauntlet
