#include "nemesis/agent/disk/command_socket.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

#include "base/clock.hpp"

namespace gauntlet::disk {

namespace {

constexpr std::size_t line_bytes_max = 64 << 10;

bool address_of(const std::string& path, sockaddr_un* address) {
  *address = {};
  address->sun_family = AF_UNIX;
  if (path.size() >= sizeof(address->sun_path)) return false;
  std::memcpy(address->sun_path, path.data(), path.size());
  return true;
}

/// A line without its end; what came until the deadline.
std::string read_line(int socket, Deadline deadline) {
  std::string line;
  while (line.size() < line_bytes_max && !deadline.passed()) {
    pollfd wait{socket, POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(deadline.left().count() / nanos_per_millisecond)) <= 0)
      continue;
    char piece[4096];
    const ssize_t n = recv(socket, piece, sizeof(piece), 0);
    if (n <= 0) break;
    line.append(piece, static_cast<std::size_t>(n));
    if (line.back() == '\n') break;
  }
  while (!line.empty() && line.back() == '\n')
    line.pop_back();
  return line;
}

void write_line(int socket, std::string line) {
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t n = send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

CommandSocket::CommandSocket(const std::string& path, Handler handler, std::string* why)
    : path_(path), handler_(std::move(handler)) {
  sockaddr_un address;
  if (!address_of(path, &address)) {
    *why = "the socket's path is too long";
    return;
  }
  unlink(path.c_str());
  listening_ = Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (bind(listening_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      chmod(path.c_str(), 0600) != 0 || listen(listening_.get(), 8) != 0) {
    *why = path + ": " + std::strerror(errno);
    return;
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    *why = std::strerror(errno);
    return;
  }
  end_reading_ = Descriptor(ends[0]);
  end_writing_ = Descriptor(ends[1]);
  thread_ = std::thread([this] { serve(); });
}

CommandSocket::~CommandSocket() {
  end_writing_.close();
  if (thread_.joinable()) thread_.join();
  if (listening_.open()) unlink(path_.c_str());
}

void CommandSocket::serve() {
  while (true) {
    pollfd wait[2] = {{listening_.get(), POLLIN, 0}, {end_reading_.get(), POLLIN, 0}};
    if (poll(wait, 2, -1) < 0 && errno != EINTR) return;
    if (wait[1].revents != 0) return;
    if (wait[0].revents == 0) continue;
    const Descriptor client(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client.open()) continue;
    std::istringstream line(read_line(client.get(), Deadline::after(std::chrono::seconds(5))));
    std::vector<std::string> words;
    for (std::string word; line >> word;)
      words.push_back(word);
    write_line(client.get(), handler_(words));
  }
}

std::string send_command(const std::string& socket_path, const std::vector<std::string>& words,
                         std::chrono::seconds timeout) {
  sockaddr_un address;
  if (!address_of(socket_path, &address)) return "error the socket's path is too long";
  const Descriptor client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return nobody_listens;
    return "error " + socket_path + ": " + std::strerror(errno);
  }
  std::string line;
  for (const auto& word : words)
    line += (line.empty() ? "" : " ") + word;
  write_line(client.get(), line);
  const std::string reply = read_line(client.get(), Deadline::after(timeout));
  return reply.empty() ? "error no answer" : reply;
}

}  // namespace gauntlet::disk
