// A folder that knows what of it is durable: all changes go through here.
//
// Paths are relative to the backing folder, without a leading '/', "." for the folder itself; links
// are not followed. Answers are those of system calls: 0 or a count, or the negated errno.
// Thread-safe. Changes of owner, mode, times and extended attributes are not tracked: they count as
// durable at once.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "nemesis/agent/disk/change_log.hpp"
#include "nemesis/agent/disk/file_content.hpp"
#include "nemesis/agent/disk/name_log.hpp"

namespace gauntlet::disk {

struct DiskOptions {
  std::string backing;     ///< an existing folder
  std::string shadow;      ///< on the same file system, outside the backing folder; ours alone
  bool strict = false;     ///< only what POSIX promises is durable: see NameLog, FileContent
  bool real_fsync = true;  ///< whether an fsync is passed on to the backing folder
  /// 4 KiB each on disk and about 100 bytes of memory; a file that needs more counts as durable.
  std::size_t pages_max = 262'144;
};

/// One open file.
struct OpenFile {
  Descriptor descriptor;
  std::shared_ptr<FileContent> content;
  std::uint32_t number = 0;  ///< in a record of changes
  bool synchronous = false;  ///< O_SYNC or O_DSYNC: each write is durable when it is answered
};

struct DiskStatus {
  std::size_t dirty_files = 0, dirty_pages = 0, changed_names = 0;
  std::uint64_t overflows = 0;  ///< how often something counted as durable since a limit was hit
};

struct PowerLoss {
  std::uint64_t bytes = 0;  ///< of data that were put back
  std::size_t names = 0;    ///< creations, removals and renames that were undone
  std::size_t files = 0;    ///< with lost bytes
};

class Disk {
 public:
  static std::unique_ptr<Disk> open_folders(const DiskOptions& options);

  int backing() const { return backing_.get(); }

  /// `flags` as of open(2); `mode` with O_CREAT. *result is null on failure.
  int open(const std::string& path, int flags, mode_t mode, std::unique_ptr<OpenFile>* result);
  void close(std::unique_ptr<OpenFile> file);
  ssize_t write(OpenFile& file, const char* data, std::size_t bytes, std::int64_t at);
  int truncate(OpenFile& file, std::int64_t bytes);
  int allocate(OpenFile& file, int mode, std::int64_t at, std::int64_t bytes);
  int sync(OpenFile& file, bool data_only);
  int sync_folder(int folder);  ///< a descriptor below the backing folder
  /// What a kernel does whose disk refused an fsync: the pages are clean, but on no disk. `revert`:
  /// and have left its cache, so that the old ones are read again.
  void lose_dirty(OpenFile& file, bool revert);

  int make_folder(const std::string& path, mode_t mode);
  int make_symlink(const std::string& target, const std::string& path);
  int make_link(const std::string& from, const std::string& to);
  int remove(const std::string& path);
  int remove_folder(const std::string& path);
  int rename(const std::string& from, const std::string& to, unsigned flags);
  int set_mode(const std::string& path, mode_t mode);
  int set_owner(const std::string& path, uid_t user, gid_t group);
  /// The name that an open file or folder has now; "" if it has none.
  std::string path_of(int descriptor) const;

  /// No operation is under way meanwhile.
  PowerLoss power_failure(Loss loss, std::uint64_t seed);
  DiskStatus status();
  /// What a loss of power may take, a line each: "file log 3 pages", "name rename a b"; at most
  /// `lines_max` of either.
  std::vector<std::string> undurable(std::size_t lines_max);

  /// From now on every change goes to a log at `path`, outside the backing folder. What there is
  /// now counts as durable. Changes wait for each other meanwhile. Empty, or why that cannot be: no
  /// file may be open.
  std::string start_record(const std::string& path, std::uint64_t bytes_max);
  /// Between the changes before and after this call. Whether a record is under way.
  bool mark(std::string_view text);
  struct Record {
    std::uint64_t entries = 0, bytes = 0;
    std::string trouble;  ///< why it is not complete
  };
  /// Nothing if no record is under way.
  std::optional<Record> record_status();
  std::optional<Record> end_record();

 private:
  explicit Disk(const DiskOptions& options) : options_(options) {}
  std::size_t open_files();
  /// Held from before a change until it is in the log, so that the log has the order of the
  /// effects.
  std::unique_lock<std::mutex> in_order();
  void note(const Change& change, std::string_view data = {});
  ino_t folder_of(const std::string& path) const;
  void changed(NameChange::Kind kind, const std::string& path, const std::string& target = {},
               const std::string& saved = {});
  std::shared_ptr<FileContent> content_of(int descriptor);
  void all_durable(FileContent& content);

  DiskOptions options_;
  Descriptor backing_, shadow_;
  std::unique_ptr<Spill> spill_;
  std::unique_ptr<NameLog> names_;
  std::shared_mutex world_;  ///< shared by operations, exclusive for a loss of power
  std::mutex names_mutex_;
  std::mutex table_mutex_;
  std::unordered_map<ino_t, std::shared_ptr<FileContent>> table_;  ///< open or dirty
  std::uint64_t serial_ = 0;
  std::atomic<std::uint32_t> numbers_ = 0;  ///< of open files
  std::mutex order_mutex_;                  ///< guards what the log holds
  std::unique_ptr<ChangeLogWriter> log_;    ///< changed only while `world_` is held exclusively
  std::atomic<std::uint64_t> overflows_ = 0;
};

}  // namespace gauntlet::disk
