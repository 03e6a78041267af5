#include "databases/redis_connection.hpp"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "databases/decimal.hpp"
#include "harness/control/dial.hpp"

namespace gauntlet {

namespace {

using Reader = std::unique_ptr<redisReader, void (*)(redisReader*)>;
using Answer = std::unique_ptr<redisReply, void (*)(void*)>;

constexpr int depth_max = 8;

bool wait_for(int socket, short events, Deadline deadline) {
  while (!deadline.passed()) {
    pollfd polled{socket, events, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left()).count();
    const int ready = poll(&polled, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
  return false;
}

std::string encode(const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* text = nullptr;
  const int size =
      redisFormatCommandArgv(&text, static_cast<int>(words.size()), texts.data(), sizes.data());
  if (size < 0) return {};
  std::string encoded(text, static_cast<std::size_t>(size));
  redisFreeCommand(text);
  return encoded;
}

Value to_value(const redisReply& reply, int depth) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      return Value(static_cast<std::int64_t>(reply.integer));
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      return Value(std::string(reply.str, reply.len));
    case REDIS_REPLY_ARRAY: {
      Value::List items;
      for (std::size_t i = 0; i < reply.elements && depth < depth_max; ++i)
        items.push_back(to_value(*reply.element[i], depth + 1));
      return Value(std::move(items));
    }
    default:
      return {};
  }
}

/// Sends all of `bytes`; `sent` is set once the first has left.
std::string send_all(int socket, std::string_view bytes, Deadline deadline, bool& sent) {
  while (!bytes.empty()) {
    const ssize_t size = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size >= 0) {
      sent = true;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!wait_for(socket, POLLOUT, deadline)) return "it could not be sent in time";
    } else if (errno != EINTR) {
      return std::string("sending: ") + std::strerror(errno);
    }
  }
  return {};
}

/// Receives one reply and nothing after it; nullptr with `error` if there is none.
Answer receive(int socket, Deadline deadline, std::string& error) {
  constexpr std::size_t reply_bytes_max = 64 << 20;
  Answer answer(nullptr, freeReplyObject);
  const Reader reader(redisReaderCreate(), redisReaderFree);
  std::size_t received = 0;
  char buffer[16 << 10];
  while (received < reply_bytes_max) {
    if (!wait_for(socket, POLLIN, deadline)) {
      error = "no answer in time";
      return answer;
    }
    const ssize_t size = recv(socket, buffer, sizeof buffer, 0);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) continue;
    if (size <= 0) {
      error = size == 0 ? "the connection was closed" : std::strerror(errno);
      return answer;
    }
    received += static_cast<std::size_t>(size);
    void* found = nullptr;
    if (redisReaderFeed(reader.get(), buffer, static_cast<std::size_t>(size)) != REDIS_OK ||
        redisReaderGetReply(reader.get(), &found) != REDIS_OK) {
      error = std::string("no reply of redis: ") + reader->errstr;
      return answer;
    }
    if (found == nullptr) continue;
    answer.reset(static_cast<redisReply*>(found));
    if (reader->pos == reader->len) return answer;
    error = "more was answered than was asked";
    answer.reset();
    return answer;
  }
  error = "the answer is too long";
  return answer;
}

}  // namespace

RedisConnection::RedisConnection(std::string host, int port)
    : host_(std::move(host)), port_(port) {}

RedisReply RedisConnection::command(const std::vector<std::string>& words, Deadline deadline) {
  RedisReply reply;
  if (!socket_.open()) {
    auto connected = dial(host_, port_, deadline.capped(deadline.left() / 2));
    if (!connected) {
      reply.error = connected.error().what;
      return reply;
    }
    socket_ = std::move(*connected);
  }
  reply.error = send_all(socket_.get(), encode(words), deadline, reply.sent);
  Answer answer(nullptr, freeReplyObject);
  if (reply.error.empty()) answer = receive(socket_.get(), deadline, reply.error);
  if (!answer) {
    socket_.close();  // an answer that comes late must not be taken for the next one's
    return reply;
  }
  reply.complete = true;
  reply.refused = answer->type == REDIS_REPLY_ERROR;
  if (reply.refused) {
    reply.error = shortened(std::string_view(answer->str, answer->len));
  } else {
    reply.value = to_value(*answer, 0);
  }
  return reply;
}

}  // namespace gauntlet
