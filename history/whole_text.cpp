#include "history/whole_text.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace gauntlet {

namespace {

constexpr std::size_t size_max = std::size_t{8} << 30;

/// Bytes at the front of `text`, which is not valid UTF-8 as a whole, that are.
std::size_t valid_prefix(std::string_view text) {
  std::size_t at = 0;
  for (std::size_t length = 1; length <= 4; ++length) {
    if (simdjson::validate_utf8(text.substr(at, length))) {
      at += length;
      length = 0;
    }
  }
  return at;
}

}  // namespace

Result<WholeText> read_whole(ByteSource& source, Reading& reading) {
  const auto allocate = [&](std::size_t size) {
    if (size > size_max || !reading.effort.allows(size)) return std::unique_ptr<char[]>();
    return std::unique_ptr<char[]>(new (std::nothrow) char[size + WholeText::padding]);
  };
  const auto too_large = [&](std::size_t size) {
    return failure(ErrorKind::resource,
                   fmt::format("{}: no memory for {} bytes", reading.name(), size),
                   "write the history as JSON lines, which are read piece by piece");
  };
  std::size_t capacity = std::max<std::size_t>(source.size_hint() + 1, 64 << 10);
  WholeText text;
  text.bytes_ = allocate(capacity);
  if (!text.bytes_) return too_large(capacity);
  for (;;) {
    if (text.size_ == capacity) {
      capacity *= 2;
      auto larger = allocate(capacity);
      if (!larger) return too_large(capacity);
      std::memcpy(larger.get(), text.bytes_.get(), text.size_);
      text.bytes_ = std::move(larger);
    }
    const std::size_t room = std::min<std::size_t>(capacity - text.size_, 1 << 20);
    auto count = source.read(text.bytes_.get() + text.size_, room);
    if (!count) return count.error();
    if (*count == 0 || reading.effort.exhausted_now()) break;
    text.size_ += *count;
  }
  if (text.view().starts_with(byte_order_mark)) {
    text.size_ -= byte_order_mark.size();
    std::memmove(text.bytes_.get(), text.bytes_.get() + byte_order_mark.size(), text.size_);
  }
  std::memset(text.bytes_.get() + text.size_, 0, WholeText::padding);
  return text;
}

Result<void> require_utf8(std::string_view text, const Reading& reading, std::size_t line) {
  if (simdjson::validate_utf8(text)) return {};
  Place place{line, 1};
  for (;;) {
    const std::string_view first = text.substr(0, text.find('\n'));
    if (!simdjson::validate_utf8(first)) {
      place.column += valid_prefix(first);
      return reading.malformed(place, "UTF-8", first.substr(place.column - 1, 4));
    }
    text.remove_prefix(first.size() + 1);
    ++place.line;
  }
}

}  // namespace gauntlet
