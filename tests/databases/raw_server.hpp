// A TCP server on loopback whose behaviour a test writes down byte for byte.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "base/assert.hpp"
#include "databases/http.hpp"

namespace gauntlet::test {

/// One accepted connection; closed at its end. Every read gives up after 5 s.
class Connection {
 public:
  Connection(int descriptor, int at) : number(at), descriptor_(descriptor) {
    const timeval timeout{5, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  }
  ~Connection() { close(descriptor_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const int number;  ///< of this connection at its server, from 1

  /// Reads one request with its body; empty if the peer closes or nothing comes.
  std::string read_request() {
    std::string request;
    char buffer[4096];
    while (true) {
      const std::size_t head = request.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::size_t at = request.find("Content-Length: ");
        const std::size_t body = at < head ? std::stoul(request.substr(at + 16)) : 0;
        if (request.size() >= head + 4 + body) return request;
      }
      const ssize_t size = recv(descriptor_, buffer, sizeof buffer, 0);
      if (size <= 0) return {};
      request.append(buffer, static_cast<std::size_t>(size));
    }
  }

  /// What comes first, up to 4096 bytes; empty if the peer closes or nothing comes.
  std::string read_some() {
    char buffer[4096];
    const ssize_t size = recv(descriptor_, buffer, sizeof buffer, 0);
    return size <= 0 ? std::string() : std::string(buffer, static_cast<std::size_t>(size));
  }

  /// Whether the peer took it all.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t size = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }

  void answer(int status, std::string_view body) {
    send("HTTP/1.1 " + std::to_string(status) +
         " -\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }

  /// Makes the end of the connection a reset.
  void reset_at_end() {
    const linger now{1, 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  int descriptor_;
};

/// Serves one connection after the other with `behaviour`, on a thread of its own, until its end.
class RawServer {
 public:
  explicit RawServer(std::function<void(RawServer&, Connection&)> behaviour)
      : behaviour_(std::move(behaviour)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    GAUNTLET_ASSERT(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    GAUNTLET_ASSERT(listen(listener_, 16) == 0);
    socklen_t length = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~RawServer() {
    thread_.request_stop();
    thread_.join();
    stop_listening();
  }

  std::uint16_t port() const { return port_; }
  std::string origin() const { return http_origin("127.0.0.1", port_); }

  /// From now on connections are refused; for `behaviour`.
  void stop_listening() {
    if (listener_ >= 0) close(listener_);
    listener_ = -1;
  }

  int requests() const { return requests_; }
  /// Counts a request that `behaviour` has read.
  void count(const std::string& request) {
    if (!request.empty()) ++requests_;
  }

 private:
  void serve(const std::stop_token& stop) {
    int number = 0;
    while (!stop.stop_requested() && listener_ >= 0) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, 10) <= 0) continue;
      const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (descriptor < 0) continue;
      Connection connection(descriptor, ++number);
      behaviour_(*this, connection);
    }
  }

  std::function<void(RawServer&, Connection&)> behaviour_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> requests_ = 0;
  std::jthread thread_;
};

/// Answers every request of every connection with the same status and body.
inline std::function<void(RawServer&, Connection&)> always(int status, std::string body) {
  return [status, body = std::move(body)](RawServer& server, Connection& connection) {
    for (std::string request = connection.read_request(); !request.empty();
         request = connection.read_request()) {
      server.count(request);
      connection.answer(status, body);
    }
  };
}

}  // namespace gauntlet::test
