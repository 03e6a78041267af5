// What etcd's JSON gateway (v3, grpc-gateway) is asked and what its answers mean; no input or
// output here.
//
// A register is the key "gauntlet/<key>"; its value is an integer in decimal, and a key that is
// absent is nil. Every answer is untrusted: what does not parse is an error, never a value.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "databases/http.hpp"
#include "history/value.hpp"

namespace gauntlet::etcd {

/// The etcd key of a workload's key (nil: the one register of a workload without keys).
std::string key_of(const Value& key);

inline constexpr const char* range_path = "/v3/kv/range";
inline constexpr const char* put_path = "/v3/kv/put";
inline constexpr const char* txn_path = "/v3/kv/txn";
inline constexpr const char* status_path = "/v3/maintenance/status";

/// Bodies of requests; `key` as from key_of.
std::string read_request(std::string_view key, bool serializable);
/// All elements of a set: the keys that start with `key` and a '/'.
std::string set_request(std::string_view key, bool serializable);
std::string write_request(std::string_view key, std::int64_t value);
/// A transaction that writes `to` if the key holds `from`; nil: if the key is absent.
std::string cas_request(std::string_view key, const Value& from, std::int64_t to);

/// Bodies of answers with status 200. The value of a key that holds something else than an integer
/// in decimal comes as a string: a checker shall see it.
Result<Value> read_answer(std::string_view body, std::string_view key);
/// A list of the values of all keys of a set.
Result<Value> set_answer(std::string_view body, std::string_view key);
Result<void> write_answer(std::string_view body);
Result<bool> cas_answer(std::string_view body);  ///< whether it was written

struct Status {
  std::string version;
  bool leads = false;  ///< the member that answered is the leader, as far as it knows
};
Result<Status> status_answer(std::string_view body);

/// Membership. An id is an unsigned number in decimal, as text.
inline constexpr const char* members_path = "/v3/cluster/member/list";
inline constexpr const char* add_member_path = "/v3/cluster/member/add";
inline constexpr const char* remove_member_path = "/v3/cluster/member/remove";

struct Member {
  std::string id;
  std::string name;  ///< empty while it has not started
  std::string peer_url;
};
std::string add_member_request(std::string_view peer_url);
std::string remove_member_request(std::string_view id);
Result<std::vector<Member>> members_answer(std::string_view body);

/// How a row of the table of errors is recognized.
enum class Sign {
  not_sent,    ///< no byte of the request left
  no_answer,   ///< sent, and no complete response came
  message,     ///< the error's message is `text`, or starts with it where it ends with '*'
  code,        ///< the gRPC code is `number`
  plain,       ///< no gRPC error but the HTTP status `number`
  unreadable,  ///< status 200 with a body that is not what was asked for
  other,
};

/// A row of the table of errors, for operations that change something (a read that failed has
/// certainly done nothing). The first row that fits decides.
struct ErrorRow {
  Sign sign;
  std::string_view text;
  std::int64_t number;
  bool definite;  ///< the operation certainly did not happen and never will
  std::string_view reason;
};

std::span<const ErrorRow> error_table();

/// What is known of an operation that was not answered with success.
struct Failure {
  bool definite = false;
  std::string error;  ///< one line, bounded
};

/// `reply` is anything but a complete response with status 200.
Failure judge(const HttpReply& reply);
/// For a status 200 whose body was refused with `error`.
Failure judge_unreadable(const Error& error);

}  // namespace gauntlet::etcd
