#include "databases/redis_client.hpp"

#include <algorithm>

#include "databases/decimal.hpp"
#include "databases/redis_errors.hpp"

namespace gauntlet {

namespace {

/// KEYS[1] the register; ARGV[1] "" for absent, else the value expected; ARGV[2] the new value.
constexpr const char* cas_script =
    "local now = redis.call('GET', KEYS[1]) "
    "if now == false then now = '' end "
    "if now ~= ARGV[1] then return 0 end "
    "redis.call('SET', KEYS[1], ARGV[2]) return 1";

std::string name_of(const Value& key) {
  if (key.is_nil()) return "gauntlet/register";
  return "gauntlet/" + (key.is_string() ? key.string() : to_json(key));
}

void fail(Operation& operation, std::string error) {
  operation.type = OperationType::fail;
  operation.error = std::move(error);
}

void unclear(Operation& operation, std::string_view what, const Value& answer) {
  operation.type = OperationType::info;
  operation.error = std::string(what) + " was answered with " + shortened(to_json(answer));
}

}  // namespace

RedisClient::RedisClient(const std::string& primary, const std::string& reader, int port)
    : primary_(primary, port), reader_(reader, port), one_server_(primary == reader) {}

void RedisClient::invoke(Operation& operation, Deadline deadline) {
  if (operation.f == "read") {
    read(operation, deadline);
  } else if (operation.f == "write") {
    write(operation, deadline);
  } else if (operation.f == "cas") {
    compare_and_set(operation, deadline);
  } else if (operation.f == "add") {
    add(operation, deadline);
  } else {
    fail(operation, "the redis client has no function '" + operation.f + "'");
  }
}

void RedisClient::read(Operation& operation, Deadline deadline) {
  const bool set = holds_set(operation.key);
  RedisConnection& server = one_server_ ? primary_ : reader_;
  RedisReply reply = server.command({set ? "SMEMBERS" : "GET", name_of(operation.key)}, deadline);
  if (!reply.complete || reply.refused) return fail(operation, reply.error);
  if (set != reply.value.is_list() || reply.value.is_integer())
    return fail(operation, "a read was answered with " + shortened(to_json(reply.value)));
  operation.type = OperationType::ok;
  operation.value = std::move(reply.value);
  if (operation.value.is_string()) operation.value = value_of_decimal(operation.value.string());
  if (!set) return;
  for (Value& item : operation.value.items())
    if (item.is_string()) item = value_of_decimal(item.string());
}

bool RedisClient::change(Operation& operation, const std::vector<std::string>& words,
                         Deadline deadline, Value& answer) {
  RedisReply reply = primary_.command(words, deadline);
  if (!reply.complete || reply.refused) {
    operation.type = redis::definite(reply) ? OperationType::fail : OperationType::info;
    operation.error = std::move(reply.error);
    return false;
  }
  answer = std::move(reply.value);
  return true;
}

void RedisClient::write(Operation& operation, Deadline deadline) {
  if (!operation.value.is_integer()) return fail(operation, "only integers can be written");
  Value answer;
  if (!change(operation, {"SET", name_of(operation.key), std::to_string(operation.value.integer())},
              deadline, answer))
    return;
  if (answer != Value("OK")) return unclear(operation, "SET", answer);
  operation.type = OperationType::ok;
}

void RedisClient::compare_and_set(Operation& operation, Deadline deadline) {
  const Value& pair = operation.value;
  if (!pair.is_list() || pair.items().size() != 2 || !pair.items()[1].is_integer() ||
      !(pair.items()[0].is_integer() || pair.items()[0].is_nil()))
    return fail(operation, "cas takes [from, to], integers, or nil as from");
  const Value& from = pair.items()[0];
  Value answer;
  if (!change(operation,
              {"EVAL", cas_script, "1", name_of(operation.key),
               from.is_nil() ? "" : std::to_string(from.integer()),
               std::to_string(pair.items()[1].integer())},
              deadline, answer))
    return;
  if (answer == Value(0)) return fail(operation, "the value was another one");
  if (answer != Value(1)) return unclear(operation, "the script", answer);
  operation.type = OperationType::ok;
}

void RedisClient::add(Operation& operation, Deadline deadline) {
  if (!operation.value.is_integer()) return fail(operation, "only integers can be added");
  if (!holds_set(operation.key)) return fail(operation, "this key holds no set");
  Value answer;
  if (!change(operation,
              {"SADD", name_of(operation.key), std::to_string(operation.value.integer())}, deadline,
              answer))
    return;
  if (!answer.is_integer()) return unclear(operation, "SADD", answer);
  operation.type = OperationType::ok;
}

}  // namespace gauntlet
