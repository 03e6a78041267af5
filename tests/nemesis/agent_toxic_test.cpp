// What the node's agent does to clients' connections, without sockets.
#include <doctest/doctest.h>

#include "nemesis/agent/toxic.hpp"

using namespace gauntlet;
using namespace gauntlet::agent;

namespace {

constexpr std::int64_t ms = 1'000'000;

ToxicStream stream_with(const std::vector<std::string>& words) {
  std::string error;
  const auto toxic = parse_toxic(words, error);
  REQUIRE(toxic.has_value());
  return ToxicStream({*toxic}, 0);
}

/// All that comes out until `until`, each piece with the time at which it did.
std::vector<std::pair<std::int64_t, std::string>> drain(ToxicStream& stream, std::int64_t until) {
  std::vector<std::pair<std::int64_t, std::string>> pieces;
  for (std::int64_t now = 0; now <= until; now = std::max(stream.next_ns(), now + 1)) {
    while (!stream.due(now).empty()) {
      pieces.emplace_back(now, std::string(stream.due(now)));
      stream.pop(stream.due(now).size());
    }
    if (stream.next_ns() > until) break;
  }
  return pieces;
}

}  // namespace

TEST_CASE("latency holds bytes back and keeps their order") {
  auto stream = stream_with({"kind=latency", "time_ms=100", "jitter_ms=50"});
  Random random(1);
  for (int i = 0; i < 20; ++i)
    stream.push(std::string(1, static_cast<char>('a' + i)), i * ms, random);
  std::string all;
  for (const auto& [at, bytes] : drain(stream, 1000 * ms)) {
    CHECK(at >= 50 * ms);
    CHECK(at <= 170 * ms);
    all += bytes;
  }
  CHECK(all == "abcdefghijklmnopqrst");
}

TEST_CASE("bandwidth passes on so many bytes a second") {
  auto stream = stream_with({"kind=bandwidth", "rate_kb=100"});
  Random random(1);
  stream.push(std::string(100'000, 'x'), 0, random);
  const auto pieces = drain(stream, 2000 * ms);
  CHECK(pieces.size() == 50);
  CHECK(pieces.front().first == 20 * ms);
  CHECK(std::abs(pieces.back().first - 1000 * ms) < ms);
}

TEST_CASE("a slicer cuts into pieces and loses nothing") {
  auto stream = stream_with({"kind=slicer", "bytes=10", "time_ms=1"});
  Random random(1);
  stream.push(std::string(1000, 'x'), 0, random);
  const auto pieces = drain(stream, 1000 * ms);
  std::size_t sum = 0;
  for (const auto& [at, bytes] : pieces) {
    CHECK(bytes.size() <= 15);
    sum += bytes.size();
  }
  CHECK(sum == 1000);
  CHECK(pieces.size() > 80);
  CHECK(pieces.back().first == static_cast<std::int64_t>(pieces.size() - 1) * ms);
}

TEST_CASE("limit_data ends a connection after so many bytes") {
  auto stream = stream_with({"kind=limit_data", "bytes=10"});
  Random random(1);
  stream.push("12345678", 0, random);
  CHECK(stream.end(0) == ToxicStream::End::none);
  stream.push("90abc", 0, random);
  CHECK(stream.end(0) == ToxicStream::End::none);  // what may pass passes first
  std::string all;
  for (const auto& piece : drain(stream, ms))
    all += piece.second;
  CHECK(all == "1234567890");
  CHECK(stream.end(0) == ToxicStream::End::orderly);
}

TEST_CASE("ends come when they should, orderly or with a reset") {
  Random random(1);
  auto timeout = stream_with({"kind=timeout", "time_ms=50"});
  timeout.push("lost", 0, random);
  CHECK(timeout.due(1000 * ms).empty());
  CHECK(timeout.end(49 * ms) == ToxicStream::End::none);
  CHECK(timeout.end(50 * ms) == ToxicStream::End::orderly);
  auto reset = stream_with({"kind=reset_peer", "time_ms=50"});
  CHECK(reset.end(49 * ms) == ToxicStream::End::none);
  CHECK(reset.end(50 * ms) == ToxicStream::End::reset);
  CHECK(reset.next_ns() == 50 * ms);
  CHECK(stream_with({"kind=down"}).end(0) == ToxicStream::End::reset);
  auto slow = stream_with({"kind=slow_close", "time_ms=50"});
  slow.finish(10 * ms);
  CHECK(slow.end(59 * ms) == ToxicStream::End::none);
  CHECK(slow.end(60 * ms) == ToxicStream::End::orderly);
}

TEST_CASE("what is held back is bounded") {
  auto stream = stream_with({"kind=latency", "time_ms=1000"});
  Random random(1);
  const std::string bytes(1 << 16, 'x');
  int pushed = 0;
  for (; stream.wants_more(); ++pushed)
    stream.push(bytes, 0, random);
  CHECK(pushed == 16);
}

TEST_CASE("toxics that make no sense are refused") {
  std::string error;
  for (const char* word : {"kind=nice", "kind", "time_ms=-1", "toxicity=2", "stream=sideways",
                           "rate_kb=0", "bytes=0", "bytes=x", ""})
    CHECK_FALSE(parse_toxic({word}, error).has_value());
  CHECK_FALSE(error.empty());
}
