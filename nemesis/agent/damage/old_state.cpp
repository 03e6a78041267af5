#include "nemesis/agent/damage/old_state.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/descriptor.hpp"
#include "nemesis/agent/damage/data_files.hpp"

namespace gauntlet::damage {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t entries_max = 100'000;
constexpr std::uint64_t block_bytes = 1 << 16;

/// Names below a folder, parents first.
Result<std::vector<std::string>> names_below(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (names.size() >= entries_max)
      return failure(ErrorKind::resource, folder + ": too many files");
    names.push_back(at->path().lexically_relative(folder).string());
  }
  if (error) return failure(ErrorKind::resource, folder + ": " + error.message());
  return names;
}

/// Runs of zeros become holes: a preallocated log costs no more than what it holds.
Result<void> copy_file(const std::string& from, const std::string& to, std::uint64_t& budget,
                       FolderSize& total) {
  const Descriptor in(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status = {};
  if (!in.open() || fstat(in.get(), &status) != 0) return file_error(from);
  const Descriptor out(
      ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out.open()) return file_error(to);
  std::string block(block_bytes, '\0');
  for (off_t at = 0; at < status.st_size;) {
    const ssize_t have = pread(in.get(), block.data(), block.size(), at);
    if (have < 0 && errno == EINTR) continue;
    if (have < 0) return file_error(from);
    if (have == 0) break;
    const auto bytes = static_cast<std::size_t>(have);
    const std::string_view content(block.data(), bytes);
    if (content.find_first_not_of('\0') != std::string_view::npos) {
      if (bytes > budget)
        return failure(ErrorKind::resource, "more than 1 GiB would have to be saved");
      budget -= bytes;
      total.bytes += bytes;
      for (std::size_t done = 0; done < bytes;) {
        const ssize_t wrote =
            pwrite(out.get(), block.data() + done, bytes - done, at + static_cast<off_t>(done));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return file_error(to);
        done += static_cast<std::size_t>(wrote);
      }
    }
    at += have;
  }
  ++total.files;
  const bool same = ftruncate(out.get(), status.st_size) == 0 &&
                    fchown(out.get(), status.st_uid, status.st_gid) == 0 &&
                    fchmod(out.get(), status.st_mode & 07777) == 0 && fsync(out.get()) == 0;
  return same ? Result<void>() : file_error(to);
}

/// What stands in the way of an entry of another kind is removed.
Result<void> copy_entry(const std::string& from, const std::string& to, std::uint64_t& budget,
                        FolderSize& total) {
  struct stat status = {}, there = {};
  if (lstat(from.c_str(), &status) != 0) return file_error(from);
  if (lstat(to.c_str(), &there) == 0 &&
      ((there.st_mode & S_IFMT) != (status.st_mode & S_IFMT) || S_ISLNK(there.st_mode))) {
    std::error_code error;
    fs::remove_all(to, error);
    if (error) return failure(ErrorKind::resource, to + ": " + error.message());
  }
  if (S_ISREG(status.st_mode)) return copy_file(from, to, budget, total);
  if (S_ISLNK(status.st_mode)) {
    std::error_code error;
    fs::copy_symlink(from, to, error);
    return error ? failure(ErrorKind::resource, to + ": " + error.message()) : Result<void>();
  }
  if (!S_ISDIR(status.st_mode)) return {};
  if (mkdir(to.c_str(), 0700) != 0 && errno != EEXIST) return file_error(to);
  const bool same = chown(to.c_str(), status.st_uid, status.st_gid) == 0 &&
                    chmod(to.c_str(), status.st_mode & 07777) == 0;
  return same ? Result<void>() : file_error(to);
}

Result<void> sync_folders(const std::string& folder) {
  const auto names = names_below(folder);
  if (!names) return names.error();
  for (const auto& name : *names) {
    std::error_code ignored;
    const std::string path = folder + "/" + name;
    if (!fs::is_directory(fs::symlink_status(path, ignored))) continue;
    if (auto synced = sync_folder(path); !synced) return synced;
  }
  return sync_folder(folder);
}

Result<FolderSize> copy_all(const std::string& from, const std::string& to) {
  const auto names = names_below(from);
  if (!names) return names.error();
  FolderSize total;
  std::uint64_t budget = state_bytes_max;
  for (const auto& name : *names) {
    if (auto copied = copy_entry(from + "/" + name, to + "/" + name, budget, total); !copied)
      return copied.error();
  }
  if (auto synced = sync_folders(to); !synced) return synced.error();
  return total;
}

/// Absent files count as different from those that are there.
Result<std::uint64_t> differing(const std::string& one, const std::string& other,
                                bool absent_only) {
  const auto names = names_below(one);
  if (!names) return names.error();
  std::uint64_t count = 0;
  for (const auto& name : *names) {
    const std::string left = one + "/" + name, right = other + "/" + name;
    std::error_code ignored;
    if (!fs::is_regular_file(fs::symlink_status(left, ignored))) continue;
    const bool there = fs::is_regular_file(fs::symlink_status(right, ignored));
    bool same =
        there && (absent_only || fs::file_size(left, ignored) == fs::file_size(right, ignored));
    for (std::uint64_t at = 0; same && !absent_only; at += block_bytes) {
      const auto here = read_range(left, at, block_bytes), now = read_range(right, at, block_bytes);
      if (!here) return here.error();
      if (!now) return now.error();
      same = *here == *now;
      if (here->size() < block_bytes) break;
    }
    count += same ? 0 : 1;
  }
  return count;
}

}  // namespace

Result<FolderSize> copy_state(const std::string& from, const std::string& to) {
  if (mkdir(to.c_str(), 0700) != 0) return file_error(to);
  return copy_all(from, to);
}

Result<FolderSize> put_state(const std::string& state, const std::string& folder) {
  const auto names = names_below(folder);
  if (!names) return names.error();
  for (const auto& name : *names) {
    struct stat status = {};
    if (lstat((state + "/" + name).c_str(), &status) == 0) continue;
    std::error_code error;
    fs::remove_all(folder + "/" + name, error);
    if (error) return failure(ErrorKind::resource, folder + ": " + error.message());
  }
  return copy_all(state, folder);
}

Result<std::uint64_t> files_that_differ(const std::string& one, const std::string& other) {
  const auto here = differing(one, other, false);
  if (!here) return here;
  const auto there = differing(other, one, true);
  if (!there) return there;
  return *here + *there;
}

}  // namespace gauntlet::damage
