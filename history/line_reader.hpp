// Lines of a source, through a buffer of its own.
#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "history/byte_source.hpp"

namespace gauntlet {

/// Hands out one line after another; a line stays valid until the next is asked for, and
/// `line_padding` bytes behind it may be read. Not thread-safe.
class LineReader {
 public:
  static constexpr std::size_t line_padding = 64;
  static constexpr std::size_t line_length_max = std::size_t{64} << 20;

  LineReader(ByteSource& source, std::string name);

  /// The next line, without its newline (and carriage return); false at the end or on an error.
  bool next() {
    const char* const newline =
        static_cast<const char*>(std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_)));
    if (newline == nullptr) [[unlikely]] {
      return next_slowly();
    }
    take(newline);
    return true;
  }

  std::string_view line() const { return line_; }
  std::size_t line_number() const { return line_number_; }
  /// Whether the line is the last one and has no newline.
  bool is_cut() const { return is_cut_; }
  const std::optional<Error>& error() const { return error_; }
  /// Lines that the source holds if they are as long as those in the buffer; for reserving.
  std::size_t lines_expected() const;

 private:
  bool next_slowly();
  bool refill();
  void take(const char* newline) {
    line_ = std::string_view(at_, static_cast<std::size_t>(newline - at_));
    if (!line_.empty() && line_.back() == '\r') line_.remove_suffix(1);
    at_ = newline + 1;
    ++line_number_;
  }

  ByteSource& source_;
  std::string name_;
  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;
  const char* at_;
  const char* end_;
  std::string_view line_;
  std::size_t line_number_ = 0;
  bool is_cut_ = false;
  std::optional<Error> error_;
};

}  // namespace gauntlet
