// What a file holds and what of it is durable: an undo log of pages since the last fsync.
//
// The file in the backing folder always has what was written last, so that reads, links and maps
// need nothing special. Beside it is kept what a disk would hold that lost its power now: the old
// size, and the old content of each page that was written since the last fsync.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/descriptor.hpp"
#include "base/random.hpp"
#include "nemesis/agent/disk/spill.hpp"

namespace gauntlet::disk {

/// What is lost of that which was not fsynced.
enum class Loss {
  whole,   ///< all of it
  pages,   ///< each page that was overwritten with probability 1/2, and from a random point on what
           ///< was appended and the latest names
  sectors  ///< the same by sectors of 512 bytes: pages are torn
};

/// "whole", "pages" or "sectors".
inline std::optional<Loss> loss_named(std::string_view name) {
  if (name == "whole") return Loss::whole;
  if (name == "pages") return Loss::pages;
  if (name == "sectors") return Loss::sectors;
  return std::nullopt;
}

/// One inode. The mutex is to be held for every call; the owner sees to it.
class FileContent {
 public:
  FileContent(ino_t inode, std::uint64_t serial, Spill& spill)
      : inode_(inode), serial_(serial), spill_(spill) {}
  ~FileContent() { forget_pages(); }
  FileContent(const FileContent&) = delete;
  FileContent& operator=(const FileContent&) = delete;

  std::mutex mutex;
  int handles = 0;  ///< guarded by the owner's table

  ino_t inode() const { return inode_; }
  std::uint64_t serial() const { return serial_; }
  bool dirty() const { return durable_bytes_.has_value(); }
  std::size_t dirty_pages() const { return pages_.size(); }

  /// Before bytes [from, to) are changed through `file`, or the size is about to be: keeps what is
  /// there. False if that cannot be kept; then all that was written so far counts as durable.
  bool before_change(int file, std::int64_t from, std::int64_t to);
  /// After before_change, when the file is cut to that size.
  void cut(std::int64_t bytes) { lowest_bytes_ = std::min(lowest_bytes_, bytes); }
  /// All that was written is durable from now on, but for pages that a failed fsync has lost.
  void synced();
  /// The pages that are dirty now will not become durable by a later fsync, unless written again.
  void lose_dirty_pages();
  /// Puts back what is durable, or a part; answers the number of bytes that were lost. `strict`: of
  /// what was appended any page may be missing, and reads as zeros then; else it is kept up to some
  /// point, as on ext4, whose size of a file grows after the data were written.
  std::uint64_t power_failure(Loss loss, bool strict, Random& random);
  /// Valid while dirty.
  int descriptor() const { return file_.get(); }

 private:
  struct Page {
    std::optional<std::uint32_t> slot;  ///< none: the page was all zeros, or beyond the end
    bool lost = false;
  };
  bool keep(std::uint64_t page);
  void forget_pages();
  void forget(const Page& page);
  void clean();
  std::uint64_t restore(std::uint64_t number, const Page& page, std::int64_t base, Loss loss,
                        Random& random);

  ino_t inode_;
  std::uint64_t serial_;
  Spill& spill_;
  Descriptor file_;                            ///< open while dirty
  std::optional<std::int64_t> durable_bytes_;  ///< the durable size; none while nothing is dirty
  std::int64_t lowest_bytes_ = 0;              ///< the least size since the last fsync
  std::map<std::uint64_t, Page> pages_;
};

}  // namespace gauntlet::disk
