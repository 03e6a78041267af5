// Toxics: what Toxiproxy does to one direction of a connection, as times at which bytes go on.
//
// https://github.com/Shopify/toxiproxy names the kinds and their parameters. Here each toxic moves
// the time at which a chunk is passed on (latency, bandwidth, slicer), swallows it (timeout,
// limit_data), or says when and how the connection ends. Pure: no sockets, no clock of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"

namespace gauntlet::agent {

enum class ToxicKind {
  latency,
  bandwidth,
  slow_close,
  timeout,
  reset_peer,
  slicer,
  limit_data,
  down
};

struct Toxic {
  ToxicKind kind = ToxicKind::latency;
  bool upstream = true;      ///< concerns what clients send
  bool downstream = true;    ///< concerns what they are sent
  double toxicity = 1;       ///< share of connections that are concerned
  std::int64_t time_ns = 0;  ///< latency; before the end (slow_close, timeout, reset_peer); between
                             ///< slices
  std::int64_t jitter_ns = 0;     ///< of latency: uniform, at most so much more or less
  double bytes_per_second = 1e6;  ///< bandwidth
  std::int64_t bytes = 1000;      ///< limit_data; mean size of slices
};

/// Reads words "kind=latency", "time_ms=100"; nullopt with the reason in `error`.
std::optional<Toxic> parse_toxic(const std::vector<std::string>& words, std::string& error);

/// One direction of one connection. Not thread-safe.
class ToxicStream {
 public:
  enum class End { none, orderly, reset };

  /// `toxics` are those that concern this direction of this connection.
  ToxicStream(std::vector<Toxic> toxics, std::int64_t now_ns);

  /// Takes what was read. Bounded: to be called only while `wants_more`.
  void push(std::string_view bytes, std::int64_t now_ns, Random& random);
  bool wants_more() const { return held_bytes_ < held_bytes_max; }
  /// The reading end has no more.
  void finish(std::int64_t now_ns);

  /// What is due, or nothing; `pop` says how much of it was passed on.
  std::string_view due(std::int64_t now_ns) const;
  void pop(std::size_t bytes);
  /// How the connection ends, if it is time. An orderly end waits for what is held.
  End end(std::int64_t now_ns) const;
  /// When `due` or `end` may answer something else; far in the future if never.
  std::int64_t next_ns() const;

 private:
  static constexpr std::size_t held_bytes_max = 1 << 20;
  static constexpr std::int64_t never = INT64_MAX;

  struct Chunk {
    std::string bytes;
    std::size_t passed = 0;
    std::int64_t release_ns = 0;
  };

  void schedule(std::string_view bytes, std::int64_t release_ns);

  std::vector<Toxic> toxics_;
  std::deque<Chunk> held_;
  std::size_t held_bytes_ = 0;
  std::int64_t last_ns_ = 0;       ///< of the last chunk: order is kept
  std::int64_t line_free_ns_ = 0;  ///< bandwidth: when the next byte may go
  std::int64_t taken_bytes_ = 0;
  std::int64_t finish_ns_ = never;  ///< orderly end
  std::int64_t reset_ns_ = never;
};

}  // namespace gauntlet::agent
