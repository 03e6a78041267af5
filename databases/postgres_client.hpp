// A client of postgres: read, write and cas on integer registers, add and read on sets; a statement
// an operation, each a transaction of its own.
#pragma once

#include <string>
#include <vector>

#include "databases/postgres_connection.hpp"
#include "harness/run/client.hpp"

namespace gauntlet {

/// Makes the tables that the client needs, if they are not there. A set is a table without a
/// unique key, so that an element that comes twice shows.
PostgresReply make_postgres_tables(PostgresConnection& connection, Deadline deadline);

class PostgresClient : public Client {
 public:
  PostgresClient(std::string host, int port) : connection_(std::move(host), port) {}

  void invoke(Operation& operation, Deadline deadline) override;

 private:
  void read(Operation& operation, Deadline deadline);
  /// Sends a statement that changes something; -1, and `operation` completed, if it failed, else
  /// the number of rows that it changed.
  std::int64_t change(Operation& operation, const std::string& statement,
                      const std::vector<std::string>& values, Deadline deadline);
  void compare_and_set(Operation& operation, Deadline deadline);

  PostgresConnection connection_;
};

}  // namespace gauntlet
