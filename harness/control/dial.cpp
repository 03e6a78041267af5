#include "harness/control/dial.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/duration.hpp"

namespace gauntlet {
namespace {

void set_option(int socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof value);
}

/// Waits for a connect under way; 0 or an errno.
int await_connection(int socket, Deadline deadline) {
  pollfd polled{socket, POLLOUT, 0};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left()).count();
    const int ready = poll(&polled, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) break;
    if (ready < 0 && errno != EINTR) return errno;
    if (deadline.passed()) return ETIMEDOUT;
  }
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

/// Connects to one address; 0 or an errno.
int connect_to(const addrinfo& address, Deadline deadline, Descriptor& connected) {
  Descriptor socket(
      ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol));
  if (!socket.open()) return errno;
  set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket.get(), IPPROTO_TCP, TCP_KEEPIDLE, 5);
  set_option(socket.get(), IPPROTO_TCP, TCP_KEEPINTVL, 3);
  set_option(socket.get(), IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, 14'000);
  if (connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return errno;
    if (const int error = await_connection(socket.get(), deadline); error != 0) return error;
  }
  connected = std::move(socket);
  return 0;
}

}  // namespace

std::string endpoint_text(const std::string& host, int port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

Result<Descriptor> dial(const std::string& host, int port, Deadline deadline) {
  const std::string endpoint = endpoint_text(host, port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int looked_up = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (looked_up != 0)
    return failure(ErrorKind::transport,
                   fmt::format("host '{}' cannot be looked up: {}", host, gai_strerror(looked_up)),
                   "check the spelling, or give its IP address");
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);

  int error = 0;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    Descriptor connected;
    error = connect_to(*address, deadline, connected);
    if (error == 0) return connected;
  }
  if (error == ECONNREFUSED)
    return failure(ErrorKind::transport, endpoint + " refuses connections",
                   "check that sshd runs there and the port is right");
  return failure(ErrorKind::transport,
                 fmt::format("{} cannot be reached: {}", endpoint, std::strerror(error)),
                 "check that the host is up and that no firewall is between");
}

}  // namespace gauntlet
