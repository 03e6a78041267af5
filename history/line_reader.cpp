#include "history/line_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gauntlet {

namespace {

/// About the size of a second-level cache: what is parsed was copied there just before.
constexpr std::size_t capacity_start = 256 << 10;

/// A front that promises more is not believed: what is expected is reserved.
constexpr double expected_max = 1 << 24;

}  // namespace

LineReader::LineReader(ByteSource& source, std::string name)
    : source_(source),
      name_(std::move(name)),
      capacity_(capacity_start),
      buffer_(new char[capacity_ + line_padding]()),
      at_(buffer_.get()),
      end_(buffer_.get()) {}

bool LineReader::refill() {
  const auto left = static_cast<std::size_t>(end_ - at_);
  if (left == capacity_) {
    if (capacity_ >= line_length_max) {
      error_ = failure(ErrorKind::input,
                       fmt::format("{}:{}:1: expected a line of at most {} MiB", name_,
                                   line_number_ + 1, line_length_max >> 20),
                       "write one event a line");
      return false;
    }
    capacity_ *= 2;
    std::unique_ptr<char[]> larger(new char[capacity_ + line_padding]());
    std::memcpy(larger.get(), at_, left);
    buffer_ = std::move(larger);
  } else {
    std::memmove(buffer_.get(), at_, left);
  }
  at_ = buffer_.get();
  auto count = source_.read(buffer_.get() + left, capacity_ - left);
  if (!count) {
    error_ = count.error();
    return false;
  }
  end_ = at_ + left + *count;
  std::memset(buffer_.get() + left + *count, 0, line_padding);
  return *count > 0;
}

bool LineReader::next_slowly() {
  std::size_t searched = static_cast<std::size_t>(end_ - at_);
  while (refill()) {
    const char* const from = at_ + searched;
    if (const void* newline = std::memchr(from, '\n', static_cast<std::size_t>(end_ - from))) {
      take(static_cast<const char*>(newline));
      if (line_number_ == 1 && line_.starts_with(byte_order_mark)) {
        line_.remove_prefix(byte_order_mark.size());
      }
      return true;
    }
    searched = static_cast<std::size_t>(end_ - at_);
  }
  if (error_ || at_ == end_) return false;
  is_cut_ = true;
  take(end_);
  at_ = end_;
  // A run that was killed leaves its file padded with NUL bytes.
  while (!line_.empty() && line_.back() == '\0')
    line_.remove_suffix(1);
  return !line_.empty();
}

std::size_t LineReader::lines_expected() const {
  const auto buffered = static_cast<std::size_t>(end_ - at_);
  const auto lines = static_cast<std::size_t>(std::count(at_, end_, '\n'));
  if (lines == 0) return 0;
  const std::size_t size = std::max(source_.size_hint(), buffered);
  const double expected =
      static_cast<double>(size) / static_cast<double>(buffered) * static_cast<double>(lines);
  return static_cast<std::size_t>(std::min(expected, expected_max)) + 1;
}

}  // namespace gauntlet
