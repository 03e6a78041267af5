// Where the bytes of a history come from: a file or memory, decompressed by content.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace gauntlet {

/// What some editors put in front of UTF-8; it says nothing.
inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// A stream of bytes that can be read again from its start. Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads up to `size` bytes; 0 is the end.
  virtual Result<std::size_t> read(char* to, std::size_t size) = 0;
  virtual Result<void> rewind() = 0;
  /// About how many bytes there are from start to end; 0 where nobody can say.
  virtual std::size_t size_hint() const = 0;
};

/// Opens a file; what cannot be read twice (a pipe) is read into memory. gzip and Zstandard are
/// recognised by their first bytes. Expansion beyond 1 GiB must stay below 200 times what was read:
/// histories reach 50, and a bomb must not fill the machine.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path);

/// The same from memory, which must outlive the source; `name` is for messages.
Result<std::unique_ptr<ByteSource>> memory_source(std::string_view bytes, const std::string& name);

}  // namespace gauntlet
