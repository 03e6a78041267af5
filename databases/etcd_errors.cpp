// The table that tells definite errors from indefinite ones. A row is definite only where etcd's
// source shows that the request can have no effect; read in 3.4.23, 3.5.16 and 3.6.0.
#include <array>

#include "base/assert.hpp"
#include "databases/etcd_wire.hpp"
#include "history/json_value.hpp"

namespace gauntlet::etcd {

namespace {

constexpr int grpc_invalid_argument = 3;

constexpr std::array table = {
    ErrorRow{Sign::not_sent, "", 0, true,
             "no connection came about (refused, unreachable, name not found, time over), so no "
             "byte of the request left"},
    ErrorRow{Sign::no_answer, "", 0, false,
             "it was sent, and the connection was reset, closed, or gave no whole answer in time; "
             "etcd may have carried it out or may yet"},
    ErrorRow{Sign::message, "etcdserver: too many requests", 0, true,
             "processInternalRaftRequestOnce turns it away before it is proposed"},
    ErrorRow{Sign::message, "raft proposal dropped", 0, true,
             "raft's Step answers so before it appends or forwards the entry"},
    ErrorRow{Sign::message, "etcdserver: not capable", 0, true,
             "the interceptor answers in place of the handler (a member that has just started)"},
    ErrorRow{Sign::message, "etcdserver: rpc not supported for learner", 0, true,
             "the interceptor answers in place of the handler"},
    ErrorRow{Sign::message, "etcdserver: request timed out*", 0, false,
             "given up after it was proposed; it may be committed later"},
    ErrorRow{Sign::message, "etcdserver: server stopped", 0, false,
             "the member stopped while the proposal was under way"},
    ErrorRow{Sign::message, "etcdserver: leader changed", 0, false,
             "known for reads only; nothing shows that a proposal is lost with its leader"},
    ErrorRow{Sign::message, "etcdserver: no leader", 0, false,
             "a proposal waits for a leader and may have been handed on before"},
    ErrorRow{Sign::message, "etcdserver: mvcc: database space exceeded", 0, false,
             "quotaApplierV3 carries the write out first and reports this afterwards"},
    ErrorRow{Sign::message, "etcdserver: corrupt cluster", 0, false,
             "this member does not apply it, others may"},
    ErrorRow{Sign::message, "context *", 0, false,
             "deadline or cancellation inside etcd, before or after the proposal"},
    ErrorRow{Sign::code, "", grpc_invalid_argument, true,
             "InvalidArgument: a malformed or too large request, refused before it is proposed"},
    ErrorRow{Sign::plain, "", 404, true, "the gateway has no such path"},
    ErrorRow{Sign::plain, "", 405, true, "the gateway has no such method"},
    ErrorRow{Sign::unreadable, "", 0, false,
             "status 200 means that something was done; what, cannot be read"},
    ErrorRow{Sign::other, "", 0, false, "an error that is not recognized is indefinite"},
};

/// What the table looks at.
struct Evidence {
  Sign sign = Sign::other;  ///< not_sent, no_answer, unreadable; plain or other for a response
  std::string message;
  std::int64_t number = 0;  ///< gRPC code, or HTTP status if `sign` is plain
};

bool fits(const ErrorRow& row, const Evidence& evidence) {
  switch (row.sign) {
    case Sign::message:
      if (evidence.sign != Sign::message) return false;
      if (row.text.ends_with('*'))
        return evidence.message.starts_with(row.text.substr(0, row.text.size() - 1));
      return evidence.message == row.text;
    case Sign::code:
      return evidence.sign == Sign::message && evidence.number == row.number;
    case Sign::plain:
      return evidence.sign == Sign::plain && evidence.number == row.number;
    case Sign::other:
      return true;
    default:
      return evidence.sign == row.sign;
  }
}

bool definite(const Evidence& evidence) {
  for (const ErrorRow& row : table)
    if (fits(row, evidence)) return row.definite;
  GAUNTLET_ASSERT(!"the last row fits everything");
  return false;
}

/// A gateway's error is an object with the gRPC code and message ("error" in old ones).
Evidence read_error(const HttpReply& reply) {
  Evidence evidence{Sign::plain, "HTTP status " + std::to_string(reply.status), reply.status};
  const auto body = parse_json(reply.body, "error");
  if (!body) return evidence;
  const Value* message = body->find("message");
  if (message == nullptr) message = body->find("error");
  if (message == nullptr || !message->is_string()) return evidence;
  constexpr std::size_t message_bytes_max = 300;
  const Value* const code = body->find("code");
  const bool has_code = code != nullptr && code->is_integer();
  evidence.sign = Sign::message;
  evidence.message = message->string().substr(0, message_bytes_max);
  evidence.number = has_code ? code->integer() : -1;
  return evidence;
}

}  // namespace

std::span<const ErrorRow> error_table() {
  return table;
}

Failure judge(const HttpReply& reply) {
  Evidence evidence;
  if (reply.complete) {
    evidence = read_error(reply);
  } else {
    evidence = {reply.sent ? Sign::no_answer : Sign::not_sent, reply.error, 0};
  }
  return {definite(evidence), evidence.message};
}

Failure judge_unreadable(const Error& error) {
  return {definite({Sign::unreadable, error.what, 0}), error.what};
}

}  // namespace gauntlet::etcd
