// Rows were read in the source of redis 7.0.15: processCommand in server.c refuses with them before
// it calls a command, and so does scriptCall in script.c before it calls the one write of a script.
#include "databases/redis_errors.hpp"

#include <algorithm>
#include <array>

namespace gauntlet::redis {

namespace {

constexpr std::array table = {
    ErrorRow{"READONLY ", "a replica refuses to write"},
    ErrorRow{"LOADING ", "the server reads its data and refuses all commands"},
    ErrorRow{"MASTERDOWN ", "a replica without its primary refuses commands"},
    ErrorRow{"NOREPLICAS ", "too few replicas; refused before it is called"},
    ErrorRow{"MISCONF ", "the disk failed before; refused before it is called"},
    ErrorRow{"OOM ", "over its memory; refused before it is called"},
    ErrorRow{"BUSY ", "a script runs; refused before it is called"},
    ErrorRow{"NOAUTH ", "no password was given"},
    ErrorRow{"NOPERM ", "this user may not"},
    ErrorRow{"WRONGTYPE ", "the key holds another type; commands look before they write"},
    ErrorRow{"ERR unknown command", "there is no such command"},
    ErrorRow{"ERR wrong number of arguments", "refused before it is called"},
    ErrorRow{"ERR max number of clients reached", "answered in place of any command"},
};

}  // namespace

std::span<const ErrorRow> definite_errors() {
  return table;
}

bool definite(const RedisReply& reply) {
  if (!reply.sent) return true;
  if (!reply.complete || !reply.refused) return false;
  return std::ranges::any_of(
      table, [&](const ErrorRow& row) { return reply.error.starts_with(row.start); });
}

}  // namespace gauntlet::redis
