// A TCP connection, made by a deadline and watched for a peer that vanishes.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace gauntlet {

/// Connects to `host` (a name or an address) and tries its addresses in turn. The socket does not
/// block, has TCP_NODELAY, and fails within about fifteen seconds once the peer is gone. Errors are
/// `transport`. Looking up a name is bounded by resolv.conf's limits, not by `deadline`.
Result<Descriptor> dial(const std::string& host, int port, Deadline deadline);

/// "host:port", with brackets around an IPv6 address.
std::string endpoint_text(const std::string& host, int port);

}  // namespace gauntlet
