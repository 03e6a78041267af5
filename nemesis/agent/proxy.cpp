#include "nemesis/agent/proxy.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace gauntlet::agent {

namespace {

constexpr std::size_t connections_max = 1000;
constexpr int original_destination = 80;  ///< SO_ORIGINAL_DST, and IP6T_SO_ORIGINAL_DST as well

std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000ll + time.tv_nsec;
}

/// Closes with a reset instead of an orderly end.
void close_with_reset(int socket) {
  const linger now{1, 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(socket);
}

/// Where the client wanted to go before it was redirected.
bool destination_of(int client, sockaddr_storage& address, socklen_t& size) {
  size = sizeof(sockaddr_in);
  if (getsockopt(client, SOL_IP, original_destination, &address, &size) == 0) return true;
  size = sizeof(sockaddr_in6);
  return getsockopt(client, SOL_IPV6, original_destination, &address, &size) == 0;
}

}  // namespace

/// A client, the database, and what is under way between them. Owns both sockets.
struct Proxy::Connection {
  struct Way {
    ToxicStream stream;
    int from, to;
    bool read_all = false;  ///< `from` has no more
    bool ended = false;     ///< `to` was told so
    bool full = false;      ///< `to` takes no more for now
  };
  int client, server;
  Way up, down;
  bool over = false, with_reset = false;

  Connection(int client_socket, int server_socket, ToxicStream up_stream, ToxicStream down_stream)
      : client(client_socket),
        server(server_socket),
        up{std::move(up_stream), client, server},
        down{std::move(down_stream), server, client} {}
  ~Connection() {
    for (const int socket : {client, server}) {
      if (with_reset) close_with_reset(socket);
      if (!with_reset) close(socket);
    }
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void end_with_reset() { over = with_reset = true; }

  void read(Way& way, Random& random) {
    char buffer[1 << 16];
    while (!way.read_all && way.stream.wants_more()) {
      const ssize_t size = recv(way.from, buffer, sizeof buffer, 0);
      if (size < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN)) return;
      if (size < 0) return end_with_reset();
      const std::int64_t at_ns = now_ns();
      if (size > 0) way.stream.push({buffer, static_cast<std::size_t>(size)}, at_ns, random);
      if (size == 0) {
        way.read_all = true;
        way.stream.finish(at_ns);
      }
    }
  }

  void write(Way& way) {
    const std::int64_t at_ns = now_ns();
    way.full = false;
    for (auto bytes = way.stream.due(at_ns); !bytes.empty(); bytes = way.stream.due(at_ns)) {
      const ssize_t size = send(way.to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN)) {
        way.full = true;
        return;
      }
      if (size < 0) return end_with_reset();
      way.stream.pop(static_cast<std::size_t>(size));
    }
    const auto end = way.stream.end(at_ns);
    if (end == ToxicStream::End::reset) return end_with_reset();
    if (end != ToxicStream::End::orderly || way.ended) return;
    way.ended = true;
    shutdown(way.to, SHUT_WR);
    // An end that a toxic made, rather than an endpoint, is that of the connection.
    if (!way.read_all) over = true;
    if (up.ended && down.ended) over = true;
  }

  std::int64_t next_ns() const {
    std::int64_t next = INT64_MAX;
    for (const Way* way : {&up, &down}) {
      if (!way->full && !way->ended) next = std::min(next, way->stream.next_ns());
    }
    return next;
  }

  short wanted(const Way& reading, const Way& writing) const {
    const bool reads = !reading.read_all && reading.stream.wants_more();
    return static_cast<short>((reads ? POLLIN : 0) | (writing.full ? POLLOUT : 0));
  }
};

Proxy::Proxy() = default;

Proxy::~Proxy() {
  stop();
}

std::string Proxy::listen_anywhere() {
  const auto why = [&](const char* what) {
    std::string text = std::string(what) + ": " + std::strerror(errno);
    if (listener_ >= 0) close(listener_);
    listener_ = -1;
    return text;
  };
  // One socket for both families where there is IPv6, else one for IPv4.
  sockaddr_in6 any6{};
  any6.sin6_family = AF_INET6;
  sockaddr_in any4{};
  any4.sin_family = AF_INET;
  listener_ = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int no = 0;
  const bool both = listener_ >= 0 &&
                    setsockopt(listener_, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) == 0 &&
                    bind(listener_, reinterpret_cast<sockaddr*>(&any6), sizeof any6) == 0;
  if (!both) {
    if (listener_ >= 0) close(listener_);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener_ < 0) return why("a socket");
    if (bind(listener_, reinterpret_cast<sockaddr*>(&any4), sizeof any4) != 0) return why("a port");
  }
  if (listen(listener_, 128) != 0) return why("listening");
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return why("a port");
  port_ = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                            : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
  return {};
}

std::string Proxy::put(const std::string& name, const Toxic& toxic, int& port) {
  const std::lock_guard lock(mutex_);
  if (listener_ < 0) {
    if (auto refused = listen_anywhere(); !refused.empty()) return refused;
    random_ = Random(static_cast<std::uint64_t>(now_ns()));
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    stopping_ = false;
    thread_ = std::thread([this] { run(); });
  }
  toxics_.insert_or_assign(name, Entry{toxic, {}});
  port = port_;
  reset_all();
  return {};
}

ProxyCounts Proxy::counts(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto at = toxics_.find(name);
  return at != toxics_.end() ? at->second.counts : ProxyCounts{};
}

ProxyCounts Proxy::take(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto at = toxics_.find(name);
  if (at == toxics_.end()) return {};
  const ProxyCounts counts = at->second.counts;
  toxics_.erase(at);
  reset_all();
  return counts;
}

void Proxy::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (listener_ < 0) return;
    toxics_.clear();
    stopping_ = true;
    eventfd_write(wake_, 1);
  }
  thread_.join();
  const std::lock_guard lock(mutex_);
  for (const auto& connection : connections_)
    connection->end_with_reset();
  connections_.clear();
  close(listener_);
  close(wake_);
  listener_ = wake_ = -1;
}

/// The thread does it, since it may be waiting for these sockets; requires the lock.
void Proxy::reset_all() {
  for (const auto& connection : connections_)
    connection->end_with_reset();
  eventfd_write(wake_, 1);
}

/// Joins a client to where it wanted to go; requires the lock.
void Proxy::begin(int client) {
  sockaddr_storage address{};
  socklen_t size = 0;
  if (connections_.size() >= connections_max || !destination_of(client, address, size))
    return close_with_reset(client);
  const int server = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (server < 0) return close_with_reset(client);
  const int yes = 1;
  for (const int socket : {client, server})
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (connect(server, reinterpret_cast<sockaddr*>(&address), size) != 0 && errno != EINPROGRESS) {
    close(server);
    return close_with_reset(client);
  }
  std::vector<Toxic> up, down;
  for (auto& [name, entry] : toxics_) {
    ++entry.counts.connections;
    if (!random_.chance(entry.toxic.toxicity)) continue;
    ++entry.counts.concerned;
    if (entry.toxic.upstream) up.push_back(entry.toxic);
    if (entry.toxic.downstream) down.push_back(entry.toxic);
  }
  const std::int64_t at_ns = now_ns();
  connections_.push_back(std::make_unique<Connection>(
      client, server, ToxicStream(std::move(up), at_ns), ToxicStream(std::move(down), at_ns)));
}

void Proxy::accept_all() {
  while (true) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) return;
    begin(client);
  }
}

void Proxy::run() {
  prctl(PR_SET_TIMERSLACK, 1);
  while (!stopping_) {
    std::vector<pollfd> polled;
    std::int64_t next_ns = now_ns() + 1'000'000'000;
    {
      const std::lock_guard lock(mutex_);
      polled = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const auto& connection : connections_) {
        Connection& c = *connection;
        // A socket of which nothing is wanted would still tell of its end, again and again.
        const auto add = [&](int socket, short wanted) {
          polled.push_back({wanted != 0 ? socket : -1, wanted, 0});
        };
        add(c.client, c.wanted(c.up, c.down));
        add(c.server, c.wanted(c.down, c.up));
        next_ns = std::min(next_ns, c.next_ns());
      }
    }
    const std::int64_t wait_ns = std::max<std::int64_t>(0, next_ns - now_ns());
    const timespec timeout{wait_ns / 1'000'000'000, wait_ns % 1'000'000'000};
    ppoll(polled.data(), polled.size(), &timeout, nullptr);
    const std::lock_guard lock(mutex_);
    eventfd_t woken = 0;
    eventfd_read(wake_, &woken);
    for (const auto& connection : connections_) {
      Connection& c = *connection;
      if (!c.over) c.read(c.up, random_);
      if (!c.over) c.read(c.down, random_);
      if (!c.over) c.write(c.up);
      if (!c.over) c.write(c.down);
    }
    std::erase_if(connections_, [](const auto& connection) { return connection->over; });
    accept_all();
  }
}

}  // namespace gauntlet::agent
