#include "nemesis/agent/damage/data_files.hpp"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/descriptor.hpp"
#include "base/random.hpp"

namespace gauntlet::damage {

namespace {

constexpr std::size_t entries_max = 100'000;

Descriptor open_file(const std::string& path, int flags) {
  return Descriptor(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600));
}

bool is_lock(const std::string& name) {
  return name == "lock" || name == "LOCK" || name.ends_with(".lock") || name.ends_with(".pid");
}

Result<void> write_all(int file, const std::string& path, std::uint64_t at,
                       std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return file_error(path);
    at += static_cast<std::uint64_t>(done);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

/// No memory is taken for what is beyond the file's end.
Result<std::string> read_from(int file, const std::string& path, std::uint64_t at,
                              std::uint64_t bytes) {
  struct stat status = {};
  if (fstat(file, &status) != 0) return file_error(path);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  std::string content(std::min(bytes, size - std::min(at, size)), '\0');
  std::size_t have = 0;
  while (have < content.size()) {
    const ssize_t done =
        pread(file, content.data() + have, content.size() - have, static_cast<off_t>(at + have));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return file_error(path);
    if (done == 0) break;
    have += static_cast<std::size_t>(done);
  }
  content.resize(have);
  return content;
}

}  // namespace

Error file_error(const std::string& path) {
  return failure(ErrorKind::resource, path + ": " + std::strerror(errno));
}

Result<std::vector<DataFile>> data_files(const std::string& folder, const std::string& pattern) {
  namespace fs = std::filesystem;
  std::vector<DataFile> files;
  std::error_code error;
  std::size_t entries = 0;
  fs::recursive_directory_iterator at(folder, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (++entries > entries_max) return failure(ErrorKind::resource, folder + ": too many files");
    std::error_code ignored;
    if (!fs::is_regular_file(at->symlink_status(ignored))) continue;
    const std::string path = fs::path(at->path()).lexically_relative(folder).string();
    if (is_lock(at->path().filename().string())) continue;
    if (fnmatch(pattern.c_str(), path.c_str(), 0) != 0) continue;
    const std::uint64_t size = at->file_size(ignored);
    const auto used = used_length(at->path().string());
    if (!used) return used.error();
    if (!ignored && *used > 0) files.push_back({path, size, *used});
  }
  if (error) return failure(ErrorKind::resource, folder + ": " + error.message());
  std::ranges::sort(files, {}, &DataFile::path);
  return files;
}

std::vector<DataFile> pick_files(std::vector<DataFile> files, std::string_view pick,
                                 std::uint64_t seed) {
  if (pick == "all" || files.empty()) return files;
  const Random random(seed);
  const auto weight = [&](const DataFile& file) { return random.fork(file.path).next(); };
  const auto chosen = pick == "random" ? std::ranges::max_element(files, {}, weight)
                                       : std::ranges::max_element(files, {}, &DataFile::used);
  return {*chosen};
}

Result<std::string> read_range(const std::string& path, std::uint64_t at, std::uint64_t bytes) {
  const Descriptor file = open_file(path, O_RDONLY);
  if (!file.open()) return file_error(path);
  return read_from(file.get(), path, at, bytes);
}

Result<void> write_range(const std::string& path, std::uint64_t at, std::string_view bytes) {
  const Descriptor file = open_file(path, O_WRONLY);
  if (!file.open()) return file_error(path);
  if (auto written = write_all(file.get(), path, at, bytes); !written) return written;
  return fsync(file.get()) == 0 ? Result<void>() : file_error(path);
}

Result<void> resize(const std::string& path, std::uint64_t size) {
  const Descriptor file = open_file(path, O_WRONLY);
  if (!file.open()) return file_error(path);
  if (ftruncate(file.get(), static_cast<off_t>(size)) != 0) return file_error(path);
  return fsync(file.get()) == 0 ? Result<void>() : file_error(path);
}

Result<std::uint64_t> used_length(const std::string& path) {
  constexpr std::uint64_t block = 1 << 18;
  const Descriptor file = open_file(path, O_RDONLY);
  struct stat status = {};
  if (!file.open() || fstat(file.get(), &status) != 0) return file_error(path);
  auto end = static_cast<std::uint64_t>(status.st_size);
  while (end > 0) {
    const std::uint64_t begin = (end - 1) / block * block;
    const auto content = read_from(file.get(), path, begin, end - begin);
    if (!content) return content.error();
    const std::size_t last = content->find_last_not_of('\0');
    if (last != std::string::npos) return begin + last + 1;
    end = begin;
  }
  return std::uint64_t{0};
}

Result<void> write_whole(const std::string& path, std::string_view bytes) {
  const std::string part = path + ".new";
  {
    const Descriptor file = open_file(part, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.open()) return file_error(part);
    if (auto written = write_all(file.get(), part, 0, bytes); !written) return written;
    if (fsync(file.get()) != 0) return file_error(part);
  }
  if (std::rename(part.c_str(), path.c_str()) != 0) return file_error(path);
  return sync_folder(path.substr(0, path.rfind('/')));
}

Result<std::string> read_whole(const std::string& path, std::uint64_t bytes_max) {
  auto content = read_range(path, 0, bytes_max + 1);
  if (content && content->size() > bytes_max)
    return failure(ErrorKind::resource, path + ": too long");
  return content;
}

Result<void> sync_folder(const std::string& path) {
  const Descriptor folder = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!folder.open() || fsync(folder.get()) != 0) return file_error(path);
  return {};
}

}  // namespace gauntlet::damage
