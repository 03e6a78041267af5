// The digest of a folder's tree: equal crash states are tried once.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "nemesis/agent/disk/digest.hpp"
#include "nemesis/agent/disk/disk_replay.hpp"

namespace gauntlet::disk {

namespace {

/// Pages of zeros count as holes, which need not be read.
std::optional<std::uint64_t> digest_of_content(int file, off_t size) {
  static constexpr char zeros[page_bytes] = {};
  std::uint64_t hash = digest(0, std::to_string(size));
  off_t at = 0;
  while (at < size) {
    at = lseek(file, at, SEEK_DATA);
    if (at < 0) break;  // nothing but a hole is left
    at -= at % static_cast<off_t>(page_bytes);
    char page[page_bytes];
    const ssize_t n = pread(file, page, sizeof(page), at);
    if (n < 0) return std::nullopt;
    if (n == 0) break;
    const std::string_view text(page, static_cast<std::size_t>(n));
    if (std::memcmp(page, zeros, text.size()) != 0)
      hash = digest(digest(hash, std::to_string(at)), text);
    at += static_cast<off_t>(page_bytes);
  }
  return hash;
}

std::optional<std::vector<std::string>> entries_of(int folder) {
  const int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = own < 0 ? nullptr : fdopendir(own);
  if (stream == nullptr) {
    if (own >= 0) close(own);
    return std::nullopt;
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::uint64_t> digest_below(int parent, const std::string& name, int depth) {
  constexpr int depth_max = 100;
  struct stat status {};
  if (depth > depth_max || fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return std::nullopt;
  std::uint64_t hash =
      digest(0, std::to_string(status.st_mode) + " " + std::to_string(status.st_uid) + " " +
                    std::to_string(status.st_gid));
  if (S_ISLNK(status.st_mode)) {
    char target[4096];
    const ssize_t n = readlinkat(parent, name.c_str(), target, sizeof(target));
    return digest(hash, {target, static_cast<std::size_t>(std::max<ssize_t>(n, 0))});
  }
  if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) return hash;
  const Descriptor own(openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!own.open()) return std::nullopt;
  if (S_ISREG(status.st_mode)) {
    const auto content = digest_of_content(own.get(), status.st_size);
    if (!content) return std::nullopt;
    return digest(hash, std::to_string(*content));
  }
  const auto entries = entries_of(own.get());
  if (!entries) return std::nullopt;
  for (const auto& entry : *entries) {
    const auto inner = digest_below(own.get(), entry, depth + 1);
    if (!inner) return std::nullopt;
    hash = digest(digest(hash, entry), std::to_string(*inner));
  }
  return hash;
}

}  // namespace

std::optional<std::uint64_t> digest_of_tree(const std::string& folder) {
  return digest_below(AT_FDCWD, folder, 0);
}

}  // namespace gauntlet::disk
