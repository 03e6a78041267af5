// Old pages on disk instead of in memory: what a power failure would bring back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/descriptor.hpp"

namespace gauntlet::disk {

inline constexpr std::size_t page_bytes = 4096;

/// Slots of one page each in a file that has no name, so that it goes with the process. Memory is
/// four bytes a free slot. Thread-safe.
class Spill {
 public:
  /// `folder` must be writable. Beyond `pages_max` slots `store` refuses.
  Spill(const std::string& folder, std::size_t pages_max);

  /// The slot of a copy of `page` (page_bytes of them); nullopt when full or the disk is.
  std::optional<std::uint32_t> store(const char* page);
  bool load(std::uint32_t slot, char* page) const;
  void release(std::uint32_t slot);
  std::size_t used() const;

 private:
  Descriptor file_;
  std::size_t pages_max_;
  mutable std::mutex mutex_;
  std::uint32_t slots_ = 0;
  std::vector<std::uint32_t> free_;
};

}  // namespace gauntlet::disk
