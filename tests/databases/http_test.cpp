#include "databases/http.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <cstdlib>

#include "tests/databases/raw_server.hpp"

using namespace gauntlet;
using namespace gauntlet::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Nanos scheduling_ms = 1500;  ///< what a busy machine may add to a deadline
const std::string ok_head = "HTTP/1.1 200 OK\r\nContent-Length: ";

HttpReply post_once(const std::string& origin, milliseconds timeout = seconds(3)) {
  HttpConnection connection(origin);
  return connection.post("/", "{}", Deadline::after(timeout));
}

/// Answers the first request of the first connection, then lets `after_second` end it.
auto dies_at_second_request(const std::function<void(RawServer&, Connection&)>& after_second) {
  return [after_second](RawServer& server, Connection& connection) {
    server.count(connection.read_request());
    if (connection.number > 1) return connection.answer(200, "again");
    connection.answer(200, "first");
    server.count(connection.read_request());
    after_second(server, connection);
  };
}

}  // namespace

TEST_CASE("origins: IPv6 addresses are bracketed, zones are encoded") {
  CHECK(http_origin("10.0.0.1", 2379) == "http://10.0.0.1:2379");
  CHECK(http_origin("n1.example", 80) == "http://n1.example:80");
  CHECK(http_origin("fd00::1", 2379) == "http://[fd00::1]:2379");
  CHECK(http_origin("fe80::1%eth0", 1) == "http://[fe80::1%25eth0]:1");
}

TEST_CASE("a connection is kept and gives each request its answer") {
  std::atomic<int> connections = 0;
  RawServer server([&](RawServer& self, Connection& connection) {
    connections = connection.number;
    for (int i = 1; i <= 3; ++i) {
      self.count(connection.read_request());
      connection.answer(200 + i, "answer " + std::to_string(i));
    }
  });
  HttpConnection connection(server.origin());
  for (int i = 1; i <= 3; ++i) {
    const HttpReply reply = connection.post("/path", "{\"a\":1}", Deadline::after(seconds(3)));
    CHECK(reply.sent);
    REQUIRE(reply.complete);
    CHECK(reply.status == 200 + i);
    CHECK(reply.body == "answer " + std::to_string(i));
  }
  CHECK(connections == 1);
}

TEST_CASE("the date on an answer is told, and only where there is one") {
  RawServer server([&](RawServer& self, Connection& connection) {
    for (const char* date : {"Date: Wed, 25 Nov 2026 10:00:00 GMT\r\n", "", "Date: soon\r\n"}) {
      self.count(connection.read_request());
      connection.send(std::string("HTTP/1.1 200 OK\r\n") + date + "Content-Length: 0\r\n\r\n");
    }
  });
  HttpConnection connection(server.origin());
  for (const auto& date_s : {std::optional<std::int64_t>(1795600800), {}, {}}) {
    const HttpReply reply = connection.get("/", Deadline::after(seconds(3)));
    REQUIRE(reply.complete);
    CHECK(reply.date_s == date_s);
  }
}

TEST_CASE("a request is sent at most once when a reused connection dies") {
  SUBCASE("closed") {
    RawServer server(dies_at_second_request([](RawServer&, Connection&) {}));
    HttpConnection connection(server.origin());
    REQUIRE(connection.post("/", "{}", Deadline::after(seconds(3))).complete);
    const HttpReply reply = connection.post("/", "{}", Deadline::after(seconds(3)));
    CHECK(reply.sent);
    CHECK_FALSE(reply.complete);
    CHECK(server.requests() == 2);
    CHECK(connection.post("/", "{}", Deadline::after(seconds(3))).body == "again");
    CHECK(server.requests() == 3);
  }
  SUBCASE("reset") {
    RawServer server(dies_at_second_request(
        [](RawServer&, Connection& connection) { connection.reset_at_end(); }));
    HttpConnection connection(server.origin());
    REQUIRE(connection.post("/", "{}", Deadline::after(seconds(3))).complete);
    const HttpReply reply = connection.post("/", "{}", Deadline::after(seconds(3)));
    CHECK(reply.sent);
    CHECK_FALSE(reply.complete);
    CHECK(server.requests() == 2);
  }
  SUBCASE("with the server gone, so that a second connection is refused") {
    RawServer server(
        dies_at_second_request([](RawServer& self, Connection&) { self.stop_listening(); }));
    HttpConnection connection(server.origin());
    REQUIRE(connection.post("/", "{}", Deadline::after(seconds(3))).complete);
    const HttpReply reply = connection.post("/", "{}", Deadline::after(seconds(3)));
    CHECK(reply.sent);
    CHECK_FALSE(reply.complete);
    CHECK(reply.error == "the connection was lost after the request was sent");
    CHECK(server.requests() == 2);
  }
}

TEST_CASE("a connection that the server has closed while idle is opened again") {
  RawServer server([](RawServer& self, Connection& connection) {
    self.count(connection.read_request());
    connection.answer(200, std::to_string(connection.number));
  });
  HttpConnection connection(server.origin());
  CHECK(connection.post("/", "{}", Deadline::after(seconds(3))).body == "1");
  std::this_thread::sleep_for(milliseconds(50));
  CHECK(connection.post("/", "{}", Deadline::after(seconds(3))).body == "2");
  CHECK(server.requests() == 2);
}

TEST_CASE("what certainly was not sent") {
  SUBCASE("connection refused") {
    std::string origin;
    {
      RawServer server([](RawServer&, Connection&) {});
      origin = server.origin();
    }
    const HttpReply reply = post_once(origin);
    CHECK_FALSE(reply.sent);
    CHECK_FALSE(reply.complete);
    CHECK(reply.error.find("connect") != std::string::npos);
  }
  SUBCASE("a deadline that has passed") {
    RawServer server(always(200, ""));
    CHECK_FALSE(post_once(server.origin(), milliseconds(0)).sent);
    CHECK(server.requests() == 0);
  }
  SUBCASE("a connection that does not come about in time") {
    // A listener that accepts nothing: once its queue is full, the kernel drops further attempts.
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(listen(listener, 0) == 0);
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
    std::vector<int> queued;
    for (int i = 0; i < 4; ++i) {
      queued.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      (void)connect(queued.back(), reinterpret_cast<sockaddr*>(&address), length);
    }
    const Nanos start = monotonic_now();
    const HttpReply reply =
        post_once(http_origin("127.0.0.1", ntohs(address.sin_port)), milliseconds(400));
    CHECK_FALSE(reply.sent);
    CHECK(monotonic_now() - start < (400 + scheduling_ms) * nanos_per_millisecond);
    for (const int descriptor : queued)
      close(descriptor);
    close(listener);
  }
}

TEST_CASE("answers that are late, broken, endless or too large are no answers") {
  using Behaviour = std::function<void(RawServer&, Connection&)>;
  struct Case {
    const char* name;
    Behaviour behaviour;
  };
  const std::vector<Case> cases = {
      {"none", [](RawServer&, Connection& c) { c.read_request(); }},
      {"reset",
       [](RawServer&, Connection& c) {
         c.read_request();
         c.reset_at_end();
       }},
      {"late",
       [](RawServer&, Connection& c) {
         c.read_request();
         std::this_thread::sleep_for(milliseconds(600));
         c.answer(200, "late");
       }},
      {"garbage",
       [](RawServer&, Connection& c) {
         c.read_request();
         c.send(std::string("\x00\xff\x01 not HTTP at all\r\n\r\n", 23));
       }},
      {"half a head",
       [](RawServer&, Connection& c) {
         c.read_request();
         c.send("HTTP/1.1 200 OK\r\nContent-");
       }},
      {"half a body",
       [](RawServer&, Connection& c) {
         c.read_request();
         c.send(ok_head + "100\r\n\r\n{\"header\":{}}");
       }},
      {"a byte now and then",
       [](RawServer&, Connection& c) {
         c.read_request();
         c.send(ok_head + "100\r\n\r\n");
         while (c.send("x"))
           std::this_thread::sleep_for(milliseconds(20));
       }},
      {"too large",
       [](RawServer&, Connection& c) {
         c.read_request();
         c.send(ok_head + "3000000\r\n\r\n");
         while (c.send(std::string(100'000, 'x')))
           continue;
       }},
      {"endless head",
       [](RawServer&, Connection& c) {
         c.read_request();
         c.send("HTTP/1.1 200 OK\r\n");
         while (c.send("X-Header: " + std::string(10'000, 'x') + "\r\n"))
           continue;
       }},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    RawServer server(each.behaviour);
    const Nanos start = monotonic_now();
    const HttpReply reply = post_once(server.origin(), milliseconds(300));
    CHECK(reply.sent);
    CHECK_FALSE(reply.complete);
    CHECK(reply.body.empty());
    CHECK_FALSE(reply.error.empty());
    CHECK(monotonic_now() - start < (300 + scheduling_ms) * nanos_per_millisecond);
  }
}

TEST_CASE("a late answer is never taken for the answer of the next request") {
  RawServer server([](RawServer&, Connection& connection) {
    connection.read_request();
    if (connection.number == 1) std::this_thread::sleep_for(milliseconds(200));
    connection.answer(200, connection.number == 1 ? "late" : "right");
  });
  HttpConnection connection(server.origin());
  CHECK_FALSE(connection.post("/", "{}", Deadline::after(milliseconds(100))).complete);
  CHECK(connection.post("/", "{}", Deadline::after(seconds(3))).body == "right");
}

TEST_CASE("redirects are answers, and proxies of the environment are not used") {
  std::atomic<bool> followed = false;
  RawServer target([&](RawServer&, Connection&) { followed = true; });
  RawServer server([&](RawServer&, Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 302 Found\r\nLocation: " + target.origin() +
                    "/\r\nContent-Length: 0\r\n\r\n");
  });
  setenv("http_proxy", target.origin().c_str(), 1);
  setenv("all_proxy", target.origin().c_str(), 1);
  const HttpReply reply = post_once(server.origin());
  unsetenv("http_proxy");
  unsetenv("all_proxy");
  CHECK(reply.complete);
  CHECK(reply.status == 302);
  CHECK_FALSE(followed);
}
