// The proxy of clients' connections: passes on what toxics let through.
//
// A rule of the firewall (put there by the controller) redirects clients' connections to the port
// where this listens; each is joined to the address that the client meant. One thread, bounded
// buffers: what is not read for lack of room makes the sender wait, as TCP does.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "nemesis/agent/toxic.hpp"

namespace gauntlet::agent {

struct ProxyCounts {
  std::uint64_t connections = 0;
  std::uint64_t concerned = 0;  ///< by the toxic, after its toxicity was drawn
};

/// Thread-safe.
class Proxy {
 public:
  Proxy();
  ~Proxy();

  /// Adds or replaces a toxic; the first opens the listening socket. Connections that are open are
  /// reset, so that all that go on know of the toxic. Answers "" and the port, or why it cannot.
  std::string put(const std::string& name, const Toxic& toxic, int& port);
  /// Zeros for a toxic that is not there.
  ProxyCounts counts(const std::string& name) const;
  /// Removes a toxic, and resets the connections that are open.
  ProxyCounts take(const std::string& name);
  void stop();

 private:
  struct Connection;
  struct Entry {
    Toxic toxic;
    ProxyCounts counts;
  };

  void run();
  void accept_all();
  void begin(int client);
  void reset_all();
  std::string listen_anywhere();

  mutable std::mutex mutex_;  ///< of all below but the thread
  std::map<std::string, Entry> toxics_;
  std::vector<std::unique_ptr<Connection>> connections_;
  Random random_{0};
  int listener_ = -1, port_ = 0, wake_ = -1;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace gauntlet::agent
