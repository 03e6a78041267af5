#include "databases/postgres_connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "databases/decimal.hpp"

namespace gauntlet {

namespace {

/// Kinds of ERROR, by SQLSTATE or its first two characters, that end a statement before its commit.
constexpr std::array<std::string_view, 12> rolled_back = {
    "22",     // data exception
    "23",     // constraint violation
    "25006",  // read-only transaction
    "40001",  // serialization failure
    "40P01",  // deadlock
    "42",     // syntax, undefined table, no privilege
    "53100",  // disk full
    "53200",  // out of memory
    "53300",  // too many connections
    "54",     // limit exceeded
    "55P03",  // lock not available
    "57014",  // canceled
};

bool wait_for(int socket, short events, Deadline deadline) {
  while (!deadline.passed()) {
    pollfd polled{socket, events, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left()).count();
    const int ready = poll(&polled, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
  return false;
}

std::string line_of(const char* text) {
  std::string line = shortened(text == nullptr ? "" : text);
  std::ranges::replace(line, '\n', ' ');
  while (line.ends_with(' '))
    line.pop_back();
  return line;
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string() : shortened(text);
}

void take(const PGresult* result, PostgresReply& reply) {
  const auto status = PQresultStatus(result);
  reply.succeeded = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  if (!reply.succeeded) {
    reply.state = field(result, PG_DIAG_SQLSTATE);
    reply.severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    reply.error = line_of(PQresultErrorMessage(result));
    return;
  }
  for (int row = 0; row < PQntuples(result) && PQnfields(result) > 0; ++row)
    reply.column.emplace_back(PQgetvalue(result, row, 0));
  const std::string affected = PQcmdTuples(const_cast<PGresult*>(result));
  std::from_chars(affected.data(), affected.data() + affected.size(), reply.affected);
}

}  // namespace

bool definite(const PostgresReply& reply) {
  if (!reply.sent) return true;
  return reply.severity == "ERROR" &&
         std::ranges::any_of(rolled_back, [&](auto kind) { return reply.state.starts_with(kind); });
}

struct PostgresConnection::Handle {
  PGconn* connection = nullptr;
  ~Handle() { PQfinish(connection); }
};

PostgresConnection::PostgresConnection(std::string host, int port)
    : host_(std::move(host)), port_(port) {}

PostgresConnection::~PostgresConnection() = default;

/// Why there is no connection; empty if there is.
std::string PostgresConnection::connect(Deadline deadline) {
  if (handle_) return {};
  const std::string port = std::to_string(port_);
  const char* names[] = {"host",    "port",       "user",    "dbname",
                         "sslmode", "gssencmode", "options", nullptr};
  const char* values[] = {host_.c_str(), port.c_str(), "postgres", "postgres",
                          "disable",     "disable",    "",         nullptr};
  auto handle = std::make_unique<Handle>();
  handle->connection = PQconnectStartParams(names, values, 0);
  PGconn* connection = handle->connection;
  if (connection == nullptr) return "no memory for a connection";
  if (PQstatus(connection) == CONNECTION_BAD) return line_of(PQerrorMessage(connection));
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;
       state = PQconnectPoll(connection)) {
    if (state == PGRES_POLLING_FAILED) return line_of(PQerrorMessage(connection));
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!wait_for(PQsocket(connection), events, deadline)) return "no connection in time";
  }
  PQsetnonblocking(connection, 1);
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  handle_ = std::move(handle);
  return {};
}

PostgresReply PostgresConnection::execute(const std::string& statement,
                                          const std::vector<std::string>& values,
                                          Deadline deadline) {
  PostgresReply reply;
  reply.error = connect(deadline.capped(deadline.left() / 2));
  if (!reply.error.empty()) return reply;
  PGconn* const connection = handle_->connection;
  std::vector<const char*> texts;
  for (const auto& value : values)
    texts.push_back(value.c_str());
  reply.sent = true;
  const auto lost = [&](std::string error) {
    reply.succeeded = false;
    reply.error = std::move(error);
    handle_.reset();
    return reply;
  };
  if (PQsendQueryParams(connection, statement.c_str(), static_cast<int>(texts.size()), nullptr,
                        texts.data(), nullptr, nullptr, 0) != 1)
    return lost(line_of(PQerrorMessage(connection)));
  while (true) {
    const int left = PQflush(connection);
    if (left < 0) return lost(line_of(PQerrorMessage(connection)));
    if (left == 0 && PQisBusy(connection) == 0) {
      PGresult* const result = PQgetResult(connection);
      if (result == nullptr) break;
      // Only the first tells of the statement; one after it, of the connection.
      if (!reply.succeeded && reply.error.empty()) take(result, reply);
      PQclear(result);
      continue;
    }
    const short events = static_cast<short>(POLLIN | (left > 0 ? POLLOUT : 0));
    if (!wait_for(PQsocket(connection), events, deadline)) return lost("no answer in time");
    if (PQconsumeInput(connection) != 1) return lost(line_of(PQerrorMessage(connection)));
  }
  if (!reply.succeeded && reply.error.empty()) reply.error = "no answer";
  if (PQstatus(connection) != CONNECTION_OK) handle_.reset();
  return reply;
}

}  // namespace gauntlet
