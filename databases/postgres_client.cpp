#include "databases/postgres_client.hpp"

#include "databases/decimal.hpp"

namespace gauntlet {

namespace {

std::string name_of(const Value& key) {
  if (key.is_nil()) return "register";
  return key.is_string() ? key.string() : to_json(key);
}

void fail(Operation& operation, std::string error) {
  operation.type = OperationType::fail;
  operation.error = std::move(error);
}

}  // namespace

PostgresReply make_postgres_tables(PostgresConnection& connection, Deadline deadline) {
  PostgresReply reply = connection.execute(
      "CREATE TABLE IF NOT EXISTS registers (key text PRIMARY KEY, value bigint NOT NULL)", {},
      deadline);
  if (!reply.succeeded) return reply;
  return connection.execute(
      "CREATE TABLE IF NOT EXISTS elements (key text NOT NULL, value bigint NOT NULL)", {},
      deadline);
}

void PostgresClient::invoke(Operation& operation, Deadline deadline) {
  const bool takes_integer = operation.f == "write" || operation.f == "add";
  if (takes_integer && !operation.value.is_integer())
    return fail(operation, "only integers can be written");
  const std::string name = name_of(operation.key);
  std::int64_t rows = -1;
  if (operation.f == "read") return read(operation, deadline);
  if (operation.f == "cas") return compare_and_set(operation, deadline);
  if (operation.f == "write") {
    rows = change(operation,
                  "INSERT INTO registers VALUES ($1, $2::bigint) "
                  "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                  {name, std::to_string(operation.value.integer())}, deadline);
  } else if (operation.f == "add" && holds_set(operation.key)) {
    rows = change(operation, "INSERT INTO elements VALUES ($1, $2::bigint)",
                  {name, std::to_string(operation.value.integer())}, deadline);
  } else {
    return fail(operation, "the postgres client has no function '" + operation.f + "' on this key");
  }
  if (rows < 0) return;
  operation.type = rows == 1 ? OperationType::ok : OperationType::info;
  if (rows != 1) operation.error = "other than one row was changed";
}

void PostgresClient::read(Operation& operation, Deadline deadline) {
  const bool set = holds_set(operation.key);
  const PostgresReply reply =
      connection_.execute(set ? "SELECT value FROM elements WHERE key = $1"
                              : "SELECT value FROM registers WHERE key = $1",
                          {name_of(operation.key)}, deadline);
  if (!reply.succeeded) return fail(operation, reply.error);
  Value::List values;
  for (const auto& text : reply.column)
    values.push_back(value_of_decimal(text));
  operation.type = OperationType::ok;
  if (set || values.size() > 1) {
    operation.value = Value(std::move(values));
  } else {
    operation.value = values.empty() ? Value() : std::move(values.front());
  }
}

std::int64_t PostgresClient::change(Operation& operation, const std::string& statement,
                                    const std::vector<std::string>& values, Deadline deadline) {
  PostgresReply reply = connection_.execute(statement, values, deadline);
  if (reply.succeeded) return reply.affected;
  operation.type = definite(reply) ? OperationType::fail : OperationType::info;
  operation.error = std::move(reply.error);
  return -1;
}

void PostgresClient::compare_and_set(Operation& operation, Deadline deadline) {
  const Value& pair = operation.value;
  if (!pair.is_list() || pair.items().size() != 2 || !pair.items()[1].is_integer() ||
      !(pair.items()[0].is_integer() || pair.items()[0].is_nil()))
    return fail(operation, "cas takes [from, to], integers, or nil as from");
  const Value& from = pair.items()[0];
  const std::string to = std::to_string(pair.items()[1].integer());
  const std::string name = name_of(operation.key);
  const std::int64_t rows =
      from.is_nil()
          ? change(operation,
                   "INSERT INTO registers VALUES ($1, $2::bigint) ON CONFLICT (key) DO NOTHING",
                   {name, to}, deadline)
          : change(operation,
                   "UPDATE registers SET value = $3::bigint WHERE key = $1 AND value = $2::bigint",
                   {name, std::to_string(from.integer()), to}, deadline);
  if (rows < 0) return;
  if (rows == 0) return fail(operation, "the value was another one");
  operation.type = OperationType::ok;
}

}  // namespace gauntlet
