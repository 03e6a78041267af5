#include "nemesis/crash/numbered_operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "harness/generator/generators.hpp"

namespace gauntlet::crash {

namespace {

constexpr std::chrono::seconds answer_timeout(2);
constexpr std::size_t wrong_max = 10;

/// The value of one key, by the deadline.
Result<Value> read_key(Database& database, Node& node, ClientPtr& client, const Value& key,
                       Deadline deadline) {
  std::string why = "no time was left";
  while (!deadline.passed()) {
    if (client == nullptr) {
      auto opened = database.open_client(node, deadline.capped(answer_timeout));
      if (opened) client = std::move(*opened);
      if (!opened) why = opened.error().what;
    }
    if (client != nullptr) {
      Operation read = operation("read", {}, key);
      client->invoke(read, deadline.capped(answer_timeout));
      if (read.type == OperationType::ok) return std::move(read.value);
      why = read.error;
      client.reset();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return failure(ErrorKind::timeout, "what is there could not be read: " + why);
}

void note_wrong(Found& found, std::string text) {
  if (found.wrong.size() < wrong_max) found.wrong.push_back(std::move(text));
}

Result<Found> find_elements(Database& database, Node& node, Deadline deadline) {
  ClientPtr client;
  const auto value = read_key(database, node, client, Value("set"), deadline);
  if (!value) return value.error();
  Found found;
  if (value->is_nil()) return found;
  if (!value->is_list()) return failure(ErrorKind::remote, "a set was read that is no list");
  for (const Value& element : value->items()) {
    if (!element.is_integer()) {
      note_wrong(found, "the set has " + to_json(element).substr(0, 100));
    } else if (!found.operations.insert(element.integer()).second) {
      note_wrong(found, fmt::format("the set has {} twice", element.integer()));
    }
  }
  return found;
}

}  // namespace

std::optional<std::string> function_to_record(const Database& database) {
  const auto offered = database.functions();
  const auto has = [&](const char* name) {
    return std::find(offered.begin(), offered.end(), name) != offered.end();
  };
  if (!has("read")) return std::nullopt;
  if (has("add")) return "add";
  if (has("write")) return "write";
  return std::nullopt;
}

bool carry_out(Database& database, Node& node, ClientPtr& client, const std::string& function,
               std::int64_t number, Deadline deadline) {
  if (client == nullptr) {
    auto opened = database.open_client(node, deadline);
    if (!opened) return false;
    client = std::move(*opened);
  }
  Operation one =
      operation(function, Value(number), function == "add" ? Value("set") : Value(number));
  client->invoke(one, deadline);
  if (one.type == OperationType::info) client.reset();
  return one.type == OperationType::ok;
}

Result<Found> find_operations(Database& database, Node& node, const std::string& function,
                              const std::set<std::int64_t>& asked, Deadline deadline) {
  if (function == "add") return find_elements(database, node, deadline);
  Found found;
  ClientPtr client;
  for (const std::int64_t number : asked) {
    const auto value = read_key(database, node, client, Value(number), deadline);
    if (!value) return value.error();
    if (*value == Value(number)) {
      found.operations.insert(number);
    } else if (!value->is_nil()) {
      note_wrong(found, fmt::format("key {} holds {}", number, to_json(*value).substr(0, 100)));
    }
  }
  return found;
}

}  // namespace gauntlet::crash
