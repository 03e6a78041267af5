// What a redis server says of replication: ROLE.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "history/value.hpp"

namespace gauntlet::redis {

struct Role {
  bool primary = false;
  /// Of a primary: the addresses of the replicas that follow it and have all that it had when they
  /// came, as they announce them.
  std::vector<std::string> replicas;
  bool linked = false;  ///< of a replica: whether it follows its primary so
};

/// nullopt for what is no answer to ROLE.
std::optional<Role> role_from(const Value& answer);

/// Asks the server; an error if it does not answer by the deadline.
Result<Role> role_of(const std::string& host, int port, Deadline deadline);

}  // namespace gauntlet::redis
