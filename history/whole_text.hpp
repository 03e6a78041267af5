// A source read into memory, for formats whose events may span lines.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "history/byte_source.hpp"
#include "history/reading.hpp"

namespace gauntlet {

/// Bytes with `padding` readable zeros behind them. Move-only.
class WholeText {
 public:
  static constexpr std::size_t padding = 64;

  /// Valid as long as this is.
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  friend Result<WholeText> read_whole(ByteSource& source, Reading& reading);

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

/// Reads up to 8 GiB, within the budget, without a byte order mark at the front.
Result<WholeText> read_whole(ByteSource& source, Reading& reading);

/// Ok if `text`, which begins at `line`, is valid UTF-8, else an error with the place of the first
/// byte that is not.
Result<void> require_utf8(std::string_view text, const Reading& reading, std::size_t line = 1);

}  // namespace gauntlet
