#include "nemesis/agent/toxic.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace gauntlet::agent {

namespace {

constexpr std::pair<std::string_view, ToxicKind> kinds[] = {
    {"latency", ToxicKind::latency},       {"bandwidth", ToxicKind::bandwidth},
    {"slow_close", ToxicKind::slow_close}, {"timeout", ToxicKind::timeout},
    {"reset_peer", ToxicKind::reset_peer}, {"slicer", ToxicKind::slicer},
    {"limit_data", ToxicKind::limit_data}, {"down", ToxicKind::down}};

bool read_number(const std::string& text, double least, double most, double& value) {
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && at == end && value >= least && value <= most;
}

bool set_entry(Toxic& toxic, const std::string& name, const std::string& text) {
  double value = 0;
  const auto take_ns = [&](std::int64_t& ns) {
    if (!read_number(text, 0, 3'600'000, value)) return false;
    ns = static_cast<std::int64_t>(value * 1e6);
    return true;
  };
  if (name == "kind") {
    for (const auto& [kind_name, kind] : kinds) {
      if (kind_name != text) continue;
      toxic.kind = kind;
      return true;
    }
    return false;
  }
  if (name == "stream") {
    toxic.upstream = text != "downstream";
    toxic.downstream = text != "upstream";
    return text == "upstream" || text == "downstream" || text == "both";
  }
  if (name == "time_ms") return take_ns(toxic.time_ns);
  if (name == "jitter_ms") return take_ns(toxic.jitter_ns);
  if (name == "toxicity") return read_number(text, 0, 1, toxic.toxicity);
  if (name == "rate_kb") {
    if (!read_number(text, 0.1, 1e7, value)) return false;
    toxic.bytes_per_second = value * 1000;
    return true;
  }
  if (name == "bytes") {
    if (!read_number(text, 1, 1e12, value)) return false;
    toxic.bytes = static_cast<std::int64_t>(value);
    return true;
  }
  return false;
}

}  // namespace

std::optional<Toxic> parse_toxic(const std::vector<std::string>& words, std::string& error) {
  Toxic toxic;
  for (const auto& word : words) {
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos &&
        set_entry(toxic, word.substr(0, equals), word.substr(equals + 1)))
      continue;
    error = "no toxic has '" + word + "'";
    return std::nullopt;
  }
  return toxic;
}

ToxicStream::ToxicStream(std::vector<Toxic> toxics, std::int64_t now_ns)
    : toxics_(std::move(toxics)) {
  for (const auto& toxic : toxics_) {
    if (toxic.kind == ToxicKind::reset_peer)
      reset_ns_ = std::min(reset_ns_, now_ns + toxic.time_ns);
    if (toxic.kind == ToxicKind::down) reset_ns_ = now_ns;
    // As with Toxiproxy, a timeout of 0 is one that never comes.
    if (toxic.kind == ToxicKind::timeout && toxic.time_ns > 0)
      finish_ns_ = std::min(finish_ns_, now_ns + toxic.time_ns);
  }
}

void ToxicStream::push(std::string_view bytes, std::int64_t now_ns, Random& random) {
  std::int64_t release_ns = now_ns;
  std::size_t slice = bytes.size();
  std::int64_t gap_ns = 0;
  for (const auto& toxic : toxics_) {
    switch (toxic.kind) {
      case ToxicKind::timeout:
        return;
      case ToxicKind::limit_data: {
        const std::int64_t left = std::max<std::int64_t>(toxic.bytes - taken_bytes_, 0);
        if (bytes.size() >= static_cast<std::size_t>(left)) {
          bytes = bytes.substr(0, static_cast<std::size_t>(left));
          finish_ns_ = std::min(finish_ns_, now_ns);
        }
        break;
      }
      case ToxicKind::latency:
        release_ns += std::max<std::int64_t>(
            0, toxic.time_ns + random.between(-toxic.jitter_ns, toxic.jitter_ns));
        break;
      case ToxicKind::slicer:
        slice = std::min(slice, static_cast<std::size_t>(toxic.bytes));
        gap_ns = std::max(gap_ns, toxic.time_ns);
        break;
      default:
        break;
    }
  }
  taken_bytes_ += static_cast<std::int64_t>(bytes.size());
  for (std::size_t i = 0; !bytes.empty(); ++i) {
    // Sizes vary by half: a reader must not learn to rely on one.
    std::size_t size = bytes.size();
    if (slice < size) size = std::min(size, slice - slice / 4 + random.below(slice / 2 + 1));
    schedule(bytes.substr(0, size), release_ns + static_cast<std::int64_t>(i) * gap_ns);
    bytes.remove_prefix(size);
  }
}

/// Puts a chunk into the queue, behind what is there and in pieces that the rate allows.
void ToxicStream::schedule(std::string_view bytes, std::int64_t release_ns) {
  double bytes_per_second = 0;
  for (const auto& toxic : toxics_) {
    if (toxic.kind != ToxicKind::bandwidth) continue;
    if (bytes_per_second == 0 || toxic.bytes_per_second < bytes_per_second)
      bytes_per_second = toxic.bytes_per_second;
  }
  while (!bytes.empty()) {
    std::size_t size = bytes.size();
    release_ns = std::max(release_ns, last_ns_);
    if (bytes_per_second > 0) {
      size = std::clamp<std::size_t>(static_cast<std::size_t>(bytes_per_second / 50), 1, size);
      line_free_ns_ = std::max(release_ns, line_free_ns_) +
                      static_cast<std::int64_t>(static_cast<double>(size) / bytes_per_second * 1e9);
      release_ns = line_free_ns_;  // a piece has come once its last byte has
    }
    held_.push_back({std::string(bytes.substr(0, size)), 0, release_ns});
    held_bytes_ += size;
    last_ns_ = release_ns;
    bytes.remove_prefix(size);
  }
}

void ToxicStream::finish(std::int64_t now_ns) {
  std::int64_t at_ns = std::max(now_ns, last_ns_);
  for (const auto& toxic : toxics_) {
    if (toxic.kind == ToxicKind::slow_close) at_ns += toxic.time_ns;
  }
  finish_ns_ = std::min(finish_ns_, at_ns);
}

std::string_view ToxicStream::due(std::int64_t now_ns) const {
  if (held_.empty() || held_.front().release_ns > now_ns) return {};
  return std::string_view(held_.front().bytes).substr(held_.front().passed);
}

void ToxicStream::pop(std::size_t bytes) {
  held_.front().passed += bytes;
  held_bytes_ -= bytes;
  if (held_.front().passed == held_.front().bytes.size()) held_.pop_front();
}

ToxicStream::End ToxicStream::end(std::int64_t now_ns) const {
  if (now_ns >= reset_ns_) return End::reset;
  return now_ns >= finish_ns_ && held_.empty() ? End::orderly : End::none;
}

std::int64_t ToxicStream::next_ns() const {
  std::int64_t next = std::min(reset_ns_, held_.empty() ? finish_ns_ : never);
  if (!held_.empty()) next = std::min(next, held_.front().release_ns);
  return next;
}

}  // namespace gauntlet::agent
