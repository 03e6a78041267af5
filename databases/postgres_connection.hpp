// A connection to one postgres server that sends every statement at most once, outside transaction
// blocks, and knows whether it was sent. Over libpq, never blocking, so that every exchange ends by
// its deadline.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace gauntlet {

/// What became of a statement.
struct PostgresReply {
  bool sent = false;       ///< some of the statement may have left this machine
  bool succeeded = false;  ///< carried out and committed
  std::string state;       ///< SQLSTATE of an error that the server answered; empty otherwise
  std::string severity;    ///< of that error: "ERROR", "FATAL", ...
  std::string error;       ///< one line
  std::vector<std::string> column;  ///< the first column of the rows
  std::int64_t affected = 0;        ///< rows inserted or updated
};

/// Whether a statement that did not succeed certainly has no effect and never will: it was not
/// sent, or an ERROR of a kind that rolls it back was answered.
bool definite(const PostgresReply& reply);

/// Opened when it is first needed and again after it was lost. One thread at a time.
class PostgresConnection {
 public:
  PostgresConnection(std::string host, int port);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  /// `values` are those of $1, $2, ... Returns by the deadline, of which at most half is spent on
  /// connecting.
  PostgresReply execute(const std::string& statement, const std::vector<std::string>& values,
                        Deadline deadline);

 private:
  struct Handle;
  std::string connect(Deadline deadline);

  std::string host_;
  int port_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace gauntlet
