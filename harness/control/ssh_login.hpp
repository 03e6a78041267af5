// The steps between a TCP connection and a usable SSH session: is it the right host, are we let in.
#pragma once

#include <functional>

#include "base/error.hpp"
#include "harness/control/ssh_handles.hpp"
#include "harness/control/ssh_session.hpp"

namespace gauntlet {

/// Repeats a libssh call while it answers SSH_AGAIN or SSH_AUTH_AGAIN, until the connection's
/// deadline; answers what the call answered last.
using SshRepeat = std::function<int(const std::function<int()>&)>;

/// Compares the host's key with known_hosts. Names host, key type and fingerprint in errors, which
/// are `remote`.
Result<void> check_host_key(ssh_session session, const SshTarget& target);

/// Logs in with keys, agent and password, in this order. `remote` when the host refuses all that
/// there is to try.
Result<void> log_in(ssh_session session, const SshTarget& target, const SshRepeat& repeat);

}  // namespace gauntlet
