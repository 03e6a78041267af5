#include "databases/etcd_wire.hpp"

#include <optional>

#include "databases/base64.hpp"
#include "databases/decimal.hpp"
#include "history/json_value.hpp"

namespace gauntlet::etcd {

namespace {

Error unreadable(std::string_view what, std::string_view body) {
  return failure(ErrorKind::remote, "etcd answered " + std::string(what) + ": " + shortened(body));
}

/// The string `name` of a map; 64-bit integers are strings in this JSON, too.
std::optional<std::string> text_in(const Value& map, std::string_view name) {
  const Value* const text = map.find(name);
  if (text == nullptr || !text->is_string()) return std::nullopt;
  return text->string();
}

/// Every answer of etcd has a header that names the member, so one without was not given by etcd or
/// did not arrive whole.
Result<Value> parse_answer(std::string_view body) {
  auto answer = parse_json(body, "answer");
  if (!answer || !answer->is_map()) return unreadable("no JSON object", body);
  const Value* const header = answer->find("header");
  if (header == nullptr || !text_in(*header, "member_id"))
    return unreadable("without a header", body);
  return answer;
}

std::string json_bytes(std::string_view bytes) {
  return '"' + base64_encode(bytes) + '"';
}

}  // namespace

std::string key_of(const Value& key) {
  if (key.is_nil()) return "gauntlet/register";
  return "gauntlet/" + (key.is_string() ? key.string() : to_json(key));
}

std::string read_request(std::string_view key, bool serializable) {
  return "{\"key\":" + json_bytes(key) + (serializable ? ",\"serializable\":true}" : "}");
}

/// The end of the range is the first key after all that start so: '0' follows '/'.
std::string set_request(std::string_view key, bool serializable) {
  return "{\"key\":" + json_bytes(std::string(key) + "/") +
         ",\"range_end\":" + json_bytes(std::string(key) + "0") +
         (serializable ? ",\"serializable\":true}" : "}");
}

std::string write_request(std::string_view key, std::int64_t value) {
  return "{\"key\":" + json_bytes(key) + ",\"value\":" + json_bytes(std::to_string(value)) + "}";
}

std::string cas_request(std::string_view key, const Value& from, std::int64_t to) {
  const std::string condition = from.is_nil()
                                    ? R"("target":"VERSION","result":"EQUAL","version":"0")"
                                    : R"("target":"VALUE","result":"EQUAL","value":)" +
                                          json_bytes(std::to_string(from.integer()));
  return "{\"compare\":[{\"key\":" + json_bytes(key) + "," + condition +
         "}],\"success\":[{\"request_put\":" + write_request(key, to) + "}]}";
}

Result<Value> read_answer(std::string_view body, std::string_view key) {
  const auto answer = parse_answer(body);
  if (!answer) return answer.error();
  const Value* const pairs = answer->find("kvs");
  if (pairs == nullptr) {
    if (answer->find("count") != nullptr) return unreadable("a count without values", body);
    return Value();
  }
  if (!pairs->is_list() || pairs->items().size() != 1)
    return unreadable("other than one value", body);
  const Value& pair = pairs->items().front();
  const auto name = text_in(pair, "key");
  if (!name || base64_decode(*name) != key) return unreadable("for another key", body);
  if (pair.find("value") == nullptr) return Value("");  // empty fields are left out
  const auto encoded = text_in(pair, "value");
  const auto text = encoded ? base64_decode(*encoded) : std::nullopt;
  if (!text) return unreadable("a value that is not base64", body);
  return value_of_decimal(*text);
}

Result<Value> set_answer(std::string_view body, std::string_view key) {
  const auto answer = parse_answer(body);
  if (!answer) return answer.error();
  Value::List elements;
  const Value* const pairs = answer->find("kvs");
  if (pairs == nullptr && answer->find("count") != nullptr)
    return unreadable("a count without values", body);
  if (pairs == nullptr) return Value(std::move(elements));
  if (!pairs->is_list() || answer->find("more") != nullptr)
    return unreadable("other than a whole list", body);
  for (const Value& pair : pairs->items()) {
    const auto name = text_in(pair, "key");
    const auto name_bytes = name ? base64_decode(*name) : std::nullopt;
    const auto encoded = text_in(pair, "value");
    const auto text = encoded ? base64_decode(*encoded) : std::nullopt;
    if (!name_bytes || !name_bytes->starts_with(std::string(key) + "/") || !text)
      return unreadable("a list that is not of this set", body);
    elements.push_back(value_of_decimal(*text));
  }
  return Value(std::move(elements));
}

Result<void> write_answer(std::string_view body) {
  const auto answer = parse_answer(body);
  if (!answer) return answer.error();
  return {};
}

Result<bool> cas_answer(std::string_view body) {
  const auto answer = parse_answer(body);
  if (!answer) return answer.error();
  const Value* const succeeded = answer->find("succeeded");
  if (succeeded == nullptr) return false;  // false is left out
  if (succeeded->kind() != Value::Kind::boolean) return unreadable("neither yes nor no", body);
  return succeeded->boolean();
}

Result<Status> status_answer(std::string_view body) {
  const auto answer = parse_answer(body);
  if (!answer) return answer.error();
  Status status;
  status.version = text_in(*answer, "version").value_or("");
  const auto leader = text_in(*answer, "leader");  // left out while there is none
  status.leads =
      leader && *leader != "0" && leader == text_in(*answer->find("header"), "member_id");
  return status;
}

std::string add_member_request(std::string_view peer_url) {
  return "{\"peerURLs\":[" + to_json(Value(std::string(peer_url))) + "]}";
}

std::string remove_member_request(std::string_view id) {
  return "{\"ID\":" + to_json(Value(std::string(id))) + "}";
}

Result<std::vector<Member>> members_answer(std::string_view body) {
  constexpr std::size_t digits_max = 20;
  const auto answer = parse_answer(body);
  if (!answer) return answer.error();
  const Value* const list = answer->find("members");
  if (list == nullptr || !list->is_list()) return unreadable("without members", body);
  std::vector<Member> members;
  for (const Value& one : list->items()) {
    const auto id = one.is_map() ? text_in(one, "ID") : std::nullopt;
    const Value* const urls = one.is_map() ? one.find("peerURLs") : nullptr;
    if (!id || id->empty() || id->size() > digits_max ||
        id->find_first_not_of("0123456789") != std::string::npos || urls == nullptr ||
        !urls->is_list() || urls->items().empty() || !urls->items().front().is_string())
      return unreadable("a member that makes no sense", body);
    members.push_back({*id, text_in(one, "name").value_or(""), urls->items().front().string()});
  }
  return members;
}

}  // namespace gauntlet::etcd
