#include "nemesis/agent/disk/name_log.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>

namespace gauntlet::disk {

namespace {

constexpr std::size_t changes_max = 100'000;

/// The path after a rename that is durable while `path` was told before it.
std::string followed(const std::string& path, const std::string& from, const std::string& to) {
  if (path.size() > from.size() && path.starts_with(from) && path[from.size()] == '/')
    return to + path.substr(from.size());
  return path;
}

}  // namespace

void remove_tree(int folder, const std::string& name) {
  if (unlinkat(folder, name.c_str(), 0) == 0) return;
  if (unlinkat(folder, name.c_str(), AT_REMOVEDIR) == 0) return;
  const int inner = openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (inner < 0) return;
  DIR* stream = fdopendir(inner);
  if (stream == nullptr) {
    close(inner);
    return;
  }
  std::vector<std::string> entries;
  while (const dirent* entry = readdir(stream)) {
    const std::string_view entry_name = entry->d_name;
    if (entry_name != "." && entry_name != "..") entries.emplace_back(entry_name);
  }
  for (const auto& entry : entries)
    remove_tree(dirfd(stream), entry);
  closedir(stream);
  unlinkat(folder, name.c_str(), AT_REMOVEDIR);
}

void NameLog::add(NameChange change) {
  changes_.push_back(std::move(change));
  if (changes_.size() <= changes_max) return;
  ++overflowed_;
  retire(0);
}

void NameLog::retire(std::size_t at) {
  const NameChange change = std::move(changes_[at]);
  changes_.erase(changes_.begin() + static_cast<std::ptrdiff_t>(at));
  if (!change.saved.empty()) remove_tree(shadow_, change.saved);
  if (change.kind != NameChange::Kind::renamed) return;
  for (std::size_t i = 0; i < at; ++i) {
    NameChange& earlier = changes_[i];
    // What was created and then moved for good has its name by the move.
    if (earlier.kind == NameChange::Kind::created && earlier.path == change.path) {
      earlier.path.clear();
      continue;
    }
    earlier.path = followed(earlier.path, change.path, change.target);
    earlier.target = followed(earlier.target, change.path, change.target);
  }
}

void NameLog::directory_synced(ino_t directory) {
  for (std::size_t i = 0; i < changes_.size();) {
    if (changes_[i].directory == directory) {
      retire(i);
    } else {
      ++i;
    }
  }
}

void NameLog::all_synced() {
  for (const auto& change : changes_) {
    if (!change.saved.empty()) remove_tree(shadow_, change.saved);
  }
  changes_.clear();
}

std::size_t NameLog::power_failure(Loss loss, Random& random) {
  const std::size_t kept = loss == Loss::whole ? 0 : random.below(changes_.size() + 1);
  const std::size_t lost = changes_.size() - kept;
  while (changes_.size() > kept) {
    undo(changes_.back());
    changes_.pop_back();
  }
  all_synced();
  return lost;
}

void NameLog::undo(const NameChange& change) {
  using Kind = NameChange::Kind;
  if (change.path.empty()) return;
  const char* path = change.path.c_str();
  switch (change.kind) {
    case Kind::created:
      remove_tree(backing_, change.path);
      break;
    case Kind::removed:
      renameat(shadow_, change.saved.c_str(), backing_, path);
      break;
    case Kind::renamed:
      renameat(backing_, change.target.c_str(), backing_, path);
      if (!change.saved.empty())
        renameat(shadow_, change.saved.c_str(), backing_, change.target.c_str());
      break;
    case Kind::exchanged:
      renameat2(backing_, path, backing_, change.target.c_str(), RENAME_EXCHANGE);
      break;
  }
}

}  // namespace gauntlet::disk
