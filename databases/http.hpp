// HTTP for clients of databases: a kept-alive connection that sends every request at most once and
// knows whether it was sent.
//
// libcurl by itself does neither. When a reused connection dies before a byte of the response has
// come, it silently sends the request again on a new one, POST included (Curl_retry_request in
// lib/transfer.c), although the server may have carried the first one out; and if the new
// connection is refused, it reports "could not connect", as if nothing had been sent. Its
// pre-request callback is called before each attempt to send: the first call tells that the request
// may have left, and a second one is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace gauntlet {

/// "http://10.0.0.1:2379", "http://[fd00::1]:2379", "http://n1:2379".
std::string http_origin(std::string_view host, std::uint16_t port);

/// What became of a request.
struct HttpReply {
  bool sent = false;      ///< some of the request may have left this machine
  bool complete = false;  ///< a whole response arrived; implies `sent`
  long status = 0;        ///< of a complete response
  std::string body;       ///< of a complete response
  /// What the server's Date header says, in seconds since the Unix epoch; of a complete response.
  std::optional<std::int64_t> date_s;
  std::string error;  ///< why there is no complete response
};

/// One connection to one server, opened when it is first needed and again after it was lost. One
/// thread at a time. Takes no part of its behaviour from the environment: no proxy, no redirect, no
/// credentials, no signals.
class HttpConnection {
 public:
  explicit HttpConnection(std::string origin, std::size_t body_bytes_max = 1 << 20);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Both return by the deadline, of which at most half is spent on connecting. `path` starts with
  /// '/'. A response of more than body_bytes_max is cut off and is not complete.
  HttpReply get(const std::string& path, Deadline deadline);
  HttpReply post(const std::string& path, std::string_view body, Deadline deadline);

 private:
  struct Handle;
  HttpReply perform(const std::string& path, Deadline deadline);

  std::string origin_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace gauntlet
