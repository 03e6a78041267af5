// A client of redis: read, write and cas on integer registers, add and read on sets.
#pragma once

#include <string>
#include <vector>

#include "databases/redis_connection.hpp"
#include "harness/run/client.hpp"

namespace gauntlet {

/// A register is the string "gauntlet/<key>", an integer in decimal; absent is nil. A set is a set
/// of redis (see holds_set). A comparison is a script, which redis runs alone. A comparison that
/// fails is a definite `fail`; a read that failed has certainly done nothing.
class RedisClient : public Client {
 public:
  /// Reads go to `reader`, all else to `primary`; they may be the same host.
  RedisClient(const std::string& primary, const std::string& reader, int port);

  void invoke(Operation& operation, Deadline deadline) override;

 private:
  void read(Operation& operation, Deadline deadline);
  /// Sends a command that changes something; whether it was answered with a value.
  bool change(Operation& operation, const std::vector<std::string>& words, Deadline deadline,
              Value& answer);
  void write(Operation& operation, Deadline deadline);
  void compare_and_set(Operation& operation, Deadline deadline);
  void add(Operation& operation, Deadline deadline);

  RedisConnection primary_;
  RedisConnection reader_;
  bool one_server_;
};

}  // namespace gauntlet
