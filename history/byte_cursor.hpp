// Reads numbers from bytes in memory, never past their end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace gauntlet {

/// The bytes outlive it.
class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes) : bytes_(bytes) {}

  std::size_t offset() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }
  bool at_end() const { return left() == 0; }

  /// Each is false, and takes nothing, where fewer bytes are left.
  bool byte(std::uint8_t& to) {
    if (left() < 1) return false;
    to = static_cast<std::uint8_t>(bytes_[at_++]);
    return true;
  }
  bool big_endian(std::uint64_t& to) {
    if (!little_endian(to)) return false;
    to = __builtin_bswap64(to);
    return true;
  }
  bool little_endian(std::uint64_t& to) {
    if (left() < sizeof to) return false;
    std::memcpy(&to, bytes_.data() + at_, sizeof to);
    at_ += sizeof to;
    return true;
  }
  bool text(std::size_t length, std::string_view& to) {
    if (left() < length) return false;
    to = bytes_.substr(at_, length);
    at_ += length;
    return true;
  }

 private:
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace gauntlet
