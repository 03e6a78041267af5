// Names that are not durable yet: an undo log of creations, removals and renames.
//
// A name is durable once its directory has been fsynced (POSIX; "strict"), or, as ext4, XFS and
// Btrfs do in effect, once anything at all has been fsynced after it, since their journals keep the
// order of such changes ("ordered"). Until then the change can be undone: what was removed or
// replaced is kept under a name of its own in the shadow folder.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "nemesis/agent/disk/file_content.hpp"

namespace gauntlet::disk {

struct NameChange {
  enum class Kind { created, removed, renamed, exchanged };
  Kind kind = Kind::created;
  std::string path;     ///< relative to the backing folder
  std::string target;   ///< of renamed and exchanged
  ino_t directory = 0;  ///< the one whose fsync makes it durable: that of the target, of the path
  std::string saved;    ///< what was there before, as a name in the shadow folder; or empty
};

/// Not thread-safe: the owner's mutex is held for every call.
class NameLog {
 public:
  /// Descriptors of the backing and of the shadow folder, which are on one file system; not owned.
  NameLog(int backing, int shadow) : backing_(backing), shadow_(shadow) {}

  /// A fresh name in the shadow folder.
  std::string shadow_name() { return "removed-" + std::to_string(next_++); }

  /// Beyond the limit the oldest changes count as durable.
  void add(NameChange change);
  void directory_synced(ino_t directory);
  void all_synced();
  std::size_t size() const { return changes_.size(); }
  std::uint64_t overflowed() const { return overflowed_; }
  const std::vector<NameChange>& changes() const { return changes_; }

  /// Undoes all, or the latest from a random point on; answers how many.
  std::size_t power_failure(Loss loss, Random& random);

 private:
  void undo(const NameChange& change);
  /// `at` is durable from now on, and those before it perhaps not.
  void retire(std::size_t at);

  int backing_, shadow_;
  std::vector<NameChange> changes_;
  std::uint64_t next_ = 0;
  std::uint64_t overflowed_ = 0;
};

/// Removes a file or a folder with all that is in it; succeeds if it is not there.
void remove_tree(int folder, const std::string& name);

}  // namespace gauntlet::disk
