// The network of a cluster: a bridge from which nothing leaves the machine, on a subnet of its own.
#pragma once

#include <string>

#include "base/error.hpp"
#include "harness/control/subnet.hpp"

namespace gauntlet {

/// Makes the network and answers its subnet, which has at least `addresses` besides the last. With
/// `wanted` empty it is the first /24 in 10.213.0.0/16 that this machine does not use. Otherwise
/// `conflict` says what uses it, `usage` that it does not fit.
Result<Subnet> make_network(const std::string& name, const std::string& label,
                            const std::string& wanted, std::uint32_t addresses);

/// Success also if there is none.
Result<void> remove_network(const std::string& name);

}  // namespace gauntlet
