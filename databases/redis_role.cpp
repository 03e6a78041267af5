#include "databases/redis_role.hpp"

#include "databases/redis_connection.hpp"

namespace gauntlet::redis {

std::optional<Role> role_from(const Value& answer) {
  if (!answer.is_list() || answer.items().empty()) return std::nullopt;
  const auto& items = answer.items();
  Role role;
  role.primary = items[0] == Value("master");
  if (!role.primary) {
    if (items[0] != Value("slave") || items.size() < 4) return std::nullopt;
    role.linked = items[3] == Value("connected");
    return role;
  }
  if (items.size() < 3 || !items[2].is_list()) return std::nullopt;
  for (const Value& replica : items[2].items()) {
    if (!replica.is_list() || replica.items().empty() || !replica.items()[0].is_string())
      return std::nullopt;
    role.replicas.push_back(replica.items()[0].string());
  }
  return role;
}

Result<Role> role_of(const std::string& host, int port, Deadline deadline) {
  RedisConnection connection(host, port);
  const RedisReply reply = connection.command({"ROLE"}, deadline);
  if (!reply.complete || reply.refused) return failure(ErrorKind::transport, reply.error);
  const auto role = role_from(reply.value);
  if (!role) return failure(ErrorKind::remote, "redis answered ROLE with something else");
  return *role;
}

}  // namespace gauntlet::redis
