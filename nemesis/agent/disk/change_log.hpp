// What was done to a folder, in its order, in a file: enough to do it once more.
//
// The entries are those calls of a Disk that changed something or made something durable, and marks
// that a client set between them. Each has a checksum; a log that was cut or damaged is told so,
// and never more is believed of it than what comes before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.hpp"

namespace gauntlet::disk {

/// In the file: not to be renumbered.
enum class ChangeKind : std::uint32_t {
  open = 1,            ///< file, flags (O_CREAT only if it was made), bytes: its mode, path
  close = 2,           ///< file
  write = 3,           ///< file, at, data
  truncate = 4,        ///< file, bytes
  allocate = 5,        ///< file, flags: fallocate's mode, at, bytes
  sync = 6,            ///< file
  sync_folder = 7,     ///< path
  lose = 8,            ///< file, flags: whether the old pages are read again
  make_folder = 9,     ///< path, bytes: its mode
  make_symlink = 10,   ///< path, target
  make_link = 11,      ///< path, target: the new name
  remove = 12,         ///< path
  remove_folder = 13,  ///< path
  rename = 14,         ///< path, target: the new name, flags
  set_mode = 15,       ///< path, bytes
  set_owner = 16,      ///< path, at: user, bytes: group; -1: as it was
  mark = 17            ///< data: what the client said
};

struct Change {
  ChangeKind kind = ChangeKind::mark;
  std::uint32_t file = 0;  ///< the number of an open file, unique in the log
  std::uint32_t flags = 0;
  std::int64_t at = 0, bytes = 0;
  std::string path = {}, target = {};  ///< relative to the folder, "." for itself
  std::string data = {};
};

/// Not thread-safe.
class ChangeLogWriter {
 public:
  /// Makes the file anew. Beyond `bytes_max` nothing more is taken.
  ChangeLogWriter(const std::string& path, std::uint64_t bytes_max);

  /// `data` is written in place of the change's own.
  void append(const Change& change, std::string_view data);
  void append(const Change& change) { append(change, change.data); }

  /// Why the log is not complete; empty if it is.
  const std::string& trouble() const { return trouble_; }
  std::uint64_t entries() const { return entries_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  Descriptor file_;
  std::uint64_t bytes_max_;
  std::uint64_t entries_ = 0, bytes_ = 0;
  std::string trouble_;
};

/// Not thread-safe. Memory is one entry, 16 MiB at most.
class ChangeLogReader {
 public:
  explicit ChangeLogReader(const std::string& path);

  /// Nothing at the end of the log, or where it is damaged: then `trouble` is not empty.
  std::optional<Change> next();
  const std::string& trouble() const { return trouble_; }
  std::uint64_t entries() const { return entries_; }  ///< that were read

 private:
  std::optional<Change> refuse(const std::string& why);
  bool read(void* into, std::size_t bytes);

  Descriptor file_;
  std::uint64_t size_ = 0, at_ = 0, entries_ = 0;
  std::string trouble_;
};

/// One word for people and for the controller: "write", "fsync", ...
std::string_view name_of(ChangeKind kind);

/// Without blanks and unprintable characters, which become \xNN.
std::string escaped(std::string_view text);

}  // namespace gauntlet::disk
