// A connection to one redis server that sends every command at most once and knows whether it was
// sent. Commands are written and replies are parsed by hiredis; the socket is ours, so that every
// exchange ends by its deadline, whatever the server dribbles.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/descriptor.hpp"
#include "history/value.hpp"

namespace gauntlet {

/// What became of a command.
struct RedisReply {
  bool sent = false;      ///< some of the command may have left this machine
  bool complete = false;  ///< a whole reply arrived; implies `sent`
  bool refused = false;   ///< the reply is an error of the server's, in `error`
  Value value;            ///< of a complete reply: nil, integer, string or list
  std::string error;      ///< one line: the server's error, or why no whole reply came
};

/// Opened when it is first needed and again after it was lost. One thread at a time.
class RedisConnection {
 public:
  RedisConnection(std::string host, int port);

  /// Returns by the deadline, of which at most half is spent on connecting. A reply of more than
  /// 64 MB is not complete.
  RedisReply command(const std::vector<std::string>& words, Deadline deadline);

 private:
  std::string host_;
  int port_;
  Descriptor socket_;
};

}  // namespace gauntlet
