// Which errors of redis are definite: a table, and how it is read.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "databases/redis_connection.hpp"

namespace gauntlet::redis {

/// A row of the table of errors, for commands that change something with a single write. The first
/// row whose `start` begins the server's error decides; an error without a row is indefinite.
struct ErrorRow {
  std::string_view start;
  std::string_view reason;  ///< why the command certainly had no effect
};

std::span<const ErrorRow> definite_errors();

/// Whether a command that was not answered with success certainly did not happen and never will.
bool definite(const RedisReply& reply);

}  // namespace gauntlet::redis
