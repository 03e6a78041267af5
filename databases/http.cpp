#include "databases/http.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "base/assert.hpp"

namespace gauntlet {

static_assert(LIBCURL_VERSION_NUM >= 0x075300, "curl_easy_header came with libcurl 7.83.0");

std::string http_origin(std::string_view host, std::uint16_t port) {
  std::string origin = "http://";
  if (host.find(':') == std::string_view::npos) {
    origin += host;
  } else {
    origin += '[';
    for (const char c : host)  // a zone ("fe80::1%eth0") is percent-encoded in a URL (RFC 6874)
      origin += c == '%' ? std::string("%25") : std::string(1, c);
    origin += ']';
  }
  return origin + ':' + std::to_string(port);
}

struct HttpConnection::Handle {
  std::unique_ptr<CURL, void (*)(CURL*)> curl{nullptr, curl_easy_cleanup};
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers{nullptr, curl_slist_free_all};
  char error[CURL_ERROR_SIZE] = "";
  int attempts = 0;  ///< how often libcurl was about to send the request under way
  std::string body;
  std::size_t body_bytes_max = 0;
  bool overflowed = false;
  bool head_ended = false;  ///< libcurl is content with a head that is cut off

  template <class T>
  void set(CURLoption option, T value) {
    GAUNTLET_ASSERT(curl_easy_setopt(curl.get(), option, value) == CURLE_OK);
  }
};

namespace {

void initialize_curl_once() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  GAUNTLET_ASSERT(code == CURLE_OK);
}

}  // namespace

HttpConnection::HttpConnection(std::string origin, std::size_t body_bytes_max)
    : origin_(std::move(origin)), handle_(std::make_unique<Handle>()) {
  initialize_curl_once();
  Handle& handle = *handle_;
  handle.body_bytes_max = body_bytes_max;
  handle.curl.reset(curl_easy_init());
  GAUNTLET_ASSERT(handle.curl != nullptr);
  // An empty "Expect:" keeps libcurl from asking for leave before it sends a body.
  for (const char* header : {"Content-Type: application/json", "Expect:"}) {
    curl_slist* const longer = curl_slist_append(handle.headers.get(), header);
    GAUNTLET_ASSERT(longer != nullptr);
    (void)handle.headers.release();
    handle.headers.reset(longer);
  }

  using Prerequest = int (*)(void*, char*, char*, int, int);
  using Write = std::size_t (*)(char*, std::size_t, std::size_t, void*);
  const Prerequest on_send = [](void* user, char*, char*, int, int) -> int {
    return ++static_cast<Handle*>(user)->attempts == 1 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
  };
  const Write on_body = [](char* data, std::size_t, std::size_t size, void* user) -> std::size_t {
    auto& exchange = *static_cast<Handle*>(user);
    if (exchange.body.size() + size > exchange.body_bytes_max) {
      exchange.overflowed = true;
      return 0;
    }
    exchange.body.append(data, size);
    return size;
  };
  const Write on_head = [](char* data, std::size_t, std::size_t size, void* user) -> std::size_t {
    const std::string_view line(data, size);
    bool& ended = static_cast<Handle*>(user)->head_ended;
    ended = line == "\r\n" || (ended && !line.starts_with("HTTP/"));  // 1xx: another head follows
    return size;
  };
  handle.set(CURLOPT_PREREQFUNCTION, on_send);
  handle.set(CURLOPT_PREREQDATA, &handle);
  handle.set(CURLOPT_WRITEFUNCTION, on_body);
  handle.set(CURLOPT_WRITEDATA, &handle);
  handle.set(CURLOPT_HEADERFUNCTION, on_head);
  handle.set(CURLOPT_HEADERDATA, &handle);
  handle.set(CURLOPT_ERRORBUFFER, handle.error);
  handle.set(CURLOPT_HTTPHEADER, handle.headers.get());
  handle.set(CURLOPT_NOSIGNAL, 1L);
  handle.set(CURLOPT_PROXY, "");
  handle.set(CURLOPT_FOLLOWLOCATION, 0L);
  handle.set(CURLOPT_PROTOCOLS_STR, "http");
  handle.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  handle.set(CURLOPT_MAXCONNECTS, 1L);
}

HttpConnection::~HttpConnection() = default;

HttpReply HttpConnection::get(const std::string& path, Deadline deadline) {
  handle_->set(CURLOPT_HTTPGET, 1L);
  return perform(path, deadline);
}

HttpReply HttpConnection::post(const std::string& path, std::string_view body, Deadline deadline) {
  handle_->set(CURLOPT_POST, 1L);
  handle_->set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  handle_->set(CURLOPT_POSTFIELDS, body.empty() ? "" : body.data());
  return perform(path, deadline);
}

HttpReply HttpConnection::perform(const std::string& path, Deadline deadline) {
  HttpReply reply;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left()).count();
  if (left == 0) {  // libcurl takes 0 for "no limit"
    reply.error = "the deadline passed before the request was sent";
    return reply;
  }
  Handle& handle = *handle_;
  handle.attempts = 0;
  handle.body.clear();
  handle.overflowed = false;
  handle.head_ended = false;
  handle.error[0] = '\0';
  const long timeout_ms = static_cast<long>(std::min<std::int64_t>(left, 1 << 30));
  handle.set(CURLOPT_URL, (origin_ + path).c_str());
  handle.set(CURLOPT_TIMEOUT_MS, timeout_ms);
  handle.set(CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, timeout_ms / 2));

  const CURLcode code = curl_easy_perform(handle.curl.get());
  reply.sent = handle.attempts > 0;
  if (code == CURLE_OK && !handle.head_ended) {
    reply.error = "the response ended within its head";
  } else if (code == CURLE_OK) {
    reply.complete = true;
    curl_easy_getinfo(handle.curl.get(), CURLINFO_RESPONSE_CODE, &reply.status);
    reply.body = std::move(handle.body);
    curl_header* date = nullptr;
    if (curl_easy_header(handle.curl.get(), "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK) {
      const std::time_t seconds = curl_getdate(date->value, nullptr);
      if (seconds != -1) reply.date_s = seconds;
    }
  } else if (handle.attempts > 1 || (reply.sent && code == CURLE_COULDNT_CONNECT)) {
    // libcurl speaks of its second attempt; what counts is how the first one ended.
    reply.error = "the connection was lost after the request was sent";
  } else if (handle.overflowed) {
    reply.error = "the response has more than " + std::to_string(handle.body_bytes_max) + " bytes";
  } else {
    reply.error = handle.error[0] != '\0' ? handle.error : curl_easy_strerror(code);
  }
  return reply;
}

}  // namespace gauntlet
