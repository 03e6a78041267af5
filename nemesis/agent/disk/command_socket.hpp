// Commands to the file system's daemon: one line a connection, answered by one line.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/descriptor.hpp"

namespace gauntlet::disk {

/// A unix socket that only root may use. Requests are carried out one at a time, by one thread of
/// its own, which ends with this object.
class CommandSocket {
 public:
  using Handler = std::function<std::string(const std::vector<std::string>& words)>;
  /// *why is set if it cannot listen.
  CommandSocket(const std::string& path, Handler handler, std::string* why);
  ~CommandSocket();
  CommandSocket(const CommandSocket&) = delete;
  CommandSocket& operator=(const CommandSocket&) = delete;

 private:
  void serve();
  std::string path_;
  Handler handler_;
  Descriptor listening_, end_reading_, end_writing_;
  std::thread thread_;
};

/// The answer where no daemon is, or its socket is what a dead one left.
inline constexpr const char* nobody_listens = "error no file system of ours serves";

/// Sends a request and waits for the answer; "error ..." if there is none in time.
std::string send_command(const std::string& socket_path, const std::vector<std::string>& words,
                         std::chrono::seconds timeout = std::chrono::seconds(20));

}  // namespace gauntlet::disk
