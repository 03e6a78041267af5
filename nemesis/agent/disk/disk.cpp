#include "nemesis/agent/disk/disk.hpp"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace gauntlet::disk {

namespace {

int answer(int result) {
  return result == 0 ? 0 : -errno;
}

bool is_empty_folder(int parent, const char* path) {
  const int folder = openat(parent, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return false;
  DIR* stream = fdopendir(folder);
  if (stream == nullptr) {
    ::close(folder);
    return false;
  }
  int entries = 0;
  while (readdir(stream) != nullptr)
    ++entries;
  closedir(stream);
  return entries <= 2;
}

}  // namespace

std::unique_ptr<Disk> Disk::open_folders(const DiskOptions& options) {
  std::unique_ptr<Disk> disk(new Disk(options));
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  disk->backing_ = Descriptor(::open(options.backing.c_str(), flags));
  remove_tree(AT_FDCWD, options.shadow);  // what a daemon left that was killed is durable
  mkdir(options.shadow.c_str(), 0700);
  disk->shadow_ = Descriptor(::open(options.shadow.c_str(), flags));
  if (!disk->backing_.open() || !disk->shadow_.open()) return nullptr;
  disk->spill_ = std::make_unique<Spill>(options.shadow, options.pages_max);
  disk->names_ = std::make_unique<NameLog>(disk->backing_.get(), disk->shadow_.get());
  return disk;
}

ino_t Disk::folder_of(const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  struct stat status {};
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  return fstatat(backing_.get(), folder.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_ino
                                                                                    : 0;
}

void Disk::changed(NameChange::Kind kind, const std::string& path, const std::string& target,
                   const std::string& saved) {
  names_->add({kind, path, target, folder_of(target.empty() ? path : target), saved});
}

std::shared_ptr<FileContent> Disk::content_of(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return nullptr;
  const std::lock_guard lock(table_mutex_);
  auto& content = table_[status.st_ino];
  if (content == nullptr)
    content = std::make_shared<FileContent>(status.st_ino, ++serial_, *spill_);
  ++content->handles;
  return content;
}

int Disk::open(const std::string& path, int flags, mode_t mode, std::unique_ptr<OpenFile>* result) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  // The kernel has placed appends and checked alignment already; truncation goes through truncate.
  const int own = (flags & ~(O_APPEND | O_DIRECT | O_TRUNC | O_EXCL)) | O_NOFOLLOW | O_CLOEXEC;
  auto file = std::make_unique<OpenFile>();
  bool made = false;
  if ((flags & O_CREAT) != 0) {
    const std::lock_guard lock(names_mutex_);
    file->descriptor = Descriptor(openat(backing_.get(), path.c_str(), own | O_EXCL, mode));
    made = file->descriptor.open();
    if (made) {
      changed(NameChange::Kind::created, path);
    } else if (errno != EEXIST || (flags & O_EXCL) != 0) {
      return -errno;
    }
  }
  if (!file->descriptor.open())
    file->descriptor = Descriptor(openat(backing_.get(), path.c_str(), own & ~O_CREAT));
  if (!file->descriptor.open()) return -errno;
  file->content = content_of(file->descriptor.get());
  if (file->content == nullptr) return -EIO;
  file->synchronous = (flags & (O_SYNC | O_DSYNC)) != 0;
  if ((flags & O_TRUNC) != 0) {
    const std::lock_guard lock(file->content->mutex);
    struct stat status {};
    fstat(file->descriptor.get(), &status);
    if (!file->content->before_change(file->descriptor.get(), 0, status.st_size)) ++overflows_;
    if (ftruncate(file->descriptor.get(), 0) != 0 && errno != EINVAL) return -errno;
    file->content->cut(0);
  }
  file->number = ++numbers_;
  const int kept = flags & (O_ACCMODE | O_TRUNC | O_SYNC | O_DSYNC);
  note({.kind = ChangeKind::open,
        .file = file->number,
        .flags = static_cast<std::uint32_t>(made ? kept | O_CREAT : kept),
        .bytes = mode,
        .path = path});
  *result = std::move(file);
  return 0;
}

void Disk::close(std::unique_ptr<OpenFile> file) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  const std::lock_guard table(table_mutex_);
  FileContent& content = *file->content;
  const std::lock_guard lock(content.mutex);
  note({.kind = ChangeKind::close, .file = file->number});
  if (--content.handles > 0 || content.dirty()) return;
  const auto at = table_.find(content.inode());
  // The handle still holds the content, whose mutex is locked.
  if (at != table_.end()) table_.erase(at);
}

ssize_t Disk::write(OpenFile& file, const char* data, std::size_t bytes, std::int64_t at) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  const std::lock_guard lock(file.content->mutex);
  const auto end = at + static_cast<std::int64_t>(bytes);
  if (!file.content->before_change(file.descriptor.get(), at, end)) ++overflows_;
  const ssize_t written = pwrite(file.descriptor.get(), data, bytes, at);
  if (written < 0) return -errno;
  note({.kind = ChangeKind::write, .file = file.number, .at = at},
       {data, static_cast<std::size_t>(written)});
  if (file.synchronous) all_durable(*file.content);
  return written;
}

int Disk::truncate(OpenFile& file, std::int64_t bytes) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  const std::lock_guard lock(file.content->mutex);
  struct stat status {};
  if (fstat(file.descriptor.get(), &status) != 0) return -errno;
  const std::int64_t end = std::max<std::int64_t>(bytes, status.st_size);
  const std::int64_t from = std::min<std::int64_t>(bytes, status.st_size);
  if (!file.content->before_change(file.descriptor.get(), from,
                                   bytes < status.st_size ? end : from))
    ++overflows_;
  if (ftruncate(file.descriptor.get(), bytes) != 0) return -errno;
  file.content->cut(bytes);
  note({.kind = ChangeKind::truncate, .file = file.number, .bytes = bytes});
  return 0;
}

int Disk::allocate(OpenFile& file, int mode, std::int64_t at, std::int64_t bytes) {
  constexpr int known = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;
  if ((mode & ~known) != 0) return -EOPNOTSUPP;
  const std::shared_lock world(world_);
  const auto order = in_order();
  const std::lock_guard lock(file.content->mutex);
  const bool zeros = (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0;
  if (!file.content->before_change(file.descriptor.get(), at, zeros ? at + bytes : at))
    ++overflows_;
  if (fallocate(file.descriptor.get(), mode, at, bytes) != 0) return -errno;
  note({.kind = ChangeKind::allocate,
        .file = file.number,
        .flags = static_cast<std::uint32_t>(mode),
        .at = at,
        .bytes = bytes});
  return 0;
}

void Disk::all_durable(FileContent& content) {
  content.synced();
  if (options_.strict) return;
  const std::lock_guard lock(names_mutex_);
  names_->all_synced();
}

int Disk::sync(OpenFile& file, bool data_only) {
  {
    // From here on it is durable, which is before the caller learns of it: a promise kept early.
    const std::shared_lock world(world_);
    const auto order = in_order();
    const std::lock_guard lock(file.content->mutex);
    all_durable(*file.content);
    note({.kind = ChangeKind::sync, .file = file.number});
  }
  if (!options_.real_fsync) return 0;
  return answer(data_only ? fdatasync(file.descriptor.get()) : fsync(file.descriptor.get()));
}

int Disk::sync_folder(int folder) {
  struct stat status {};
  if (fstat(folder, &status) != 0) return -errno;
  {
    const std::shared_lock world(world_);
    const auto order = in_order();
    const std::lock_guard lock(names_mutex_);
    if (options_.strict) {
      names_->directory_synced(status.st_ino);
    } else {
      names_->all_synced();
    }
    const std::string path = path_of(folder);
    if (!path.empty()) note({.kind = ChangeKind::sync_folder, .path = path});
  }
  return options_.real_fsync ? answer(fsync(folder)) : 0;
}

void Disk::lose_dirty(OpenFile& file, bool revert) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  const std::lock_guard lock(file.content->mutex);
  Random unused(0);
  if (revert) {
    file.content->power_failure(Loss::whole, options_.strict, unused);
  } else {
    file.content->lose_dirty_pages();
  }
  note({.kind = ChangeKind::lose, .file = file.number, .flags = revert ? 1U : 0U});
}

int Disk::make_folder(const std::string& path, mode_t mode) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  const std::lock_guard lock(names_mutex_);
  if (mkdirat(backing_.get(), path.c_str(), mode) != 0) return -errno;
  changed(NameChange::Kind::created, path);
  note({.kind = ChangeKind::make_folder, .bytes = mode, .path = path});
  return 0;
}

int Disk::make_symlink(const std::string& target, const std::string& path) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  const std::lock_guard lock(names_mutex_);
  if (symlinkat(target.c_str(), backing_.get(), path.c_str()) != 0) return -errno;
  changed(NameChange::Kind::created, path);
  note({.kind = ChangeKind::make_symlink, .path = path, .target = target});
  return 0;
}

int Disk::make_link(const std::string& from, const std::string& to) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  const std::lock_guard lock(names_mutex_);
  if (linkat(backing_.get(), from.c_str(), backing_.get(), to.c_str(), 0) != 0) return -errno;
  changed(NameChange::Kind::created, to);
  note({.kind = ChangeKind::make_link, .path = from, .target = to});
  return 0;
}

int Disk::remove(const std::string& path) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  const std::lock_guard lock(names_mutex_);
  struct stat status {};
  if (fstatat(backing_.get(), path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return -errno;
  if (S_ISDIR(status.st_mode)) return -EISDIR;
  const std::string saved = names_->shadow_name();
  if (renameat(backing_.get(), path.c_str(), shadow_.get(), saved.c_str()) != 0) return -errno;
  changed(NameChange::Kind::removed, path, {}, saved);
  note({.kind = ChangeKind::remove, .path = path});
  return 0;
}

int Disk::remove_folder(const std::string& path) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  const std::lock_guard lock(names_mutex_);
  struct stat status {};
  if (fstatat(backing_.get(), path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return -errno;
  if (!S_ISDIR(status.st_mode)) return -ENOTDIR;
  if (!is_empty_folder(backing_.get(), path.c_str())) return -ENOTEMPTY;
  const std::string saved = names_->shadow_name();
  if (renameat(backing_.get(), path.c_str(), shadow_.get(), saved.c_str()) != 0) return -errno;
  changed(NameChange::Kind::removed, path, {}, saved);
  note({.kind = ChangeKind::remove_folder, .path = path});
  return 0;
}

int Disk::rename(const std::string& from, const std::string& to, unsigned flags) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  const std::lock_guard lock(names_mutex_);
  const int top = backing_.get();
  const Change change{.kind = ChangeKind::rename, .flags = flags, .path = from, .target = to};
  if ((flags & RENAME_EXCHANGE) != 0) {
    if (renameat2(top, from.c_str(), top, to.c_str(), RENAME_EXCHANGE) != 0) return -errno;
    changed(NameChange::Kind::exchanged, from, to);
    note(change);
    return 0;
  }
  struct stat source {
  }, target{};
  if (fstatat(top, from.c_str(), &source, AT_SYMLINK_NOFOLLOW) != 0) return -errno;
  std::string saved;
  if (fstatat(top, to.c_str(), &target, AT_SYMLINK_NOFOLLOW) == 0) {
    if ((flags & RENAME_NOREPLACE) != 0) return -EEXIST;
    if (source.st_ino == target.st_ino) return 0;
    if (S_ISDIR(source.st_mode) && !S_ISDIR(target.st_mode)) return -ENOTDIR;
    if (!S_ISDIR(source.st_mode) && S_ISDIR(target.st_mode)) return -EISDIR;
    if (S_ISDIR(target.st_mode) && !is_empty_folder(top, to.c_str())) return -ENOTEMPTY;
    saved = names_->shadow_name();
    const int kept = S_ISDIR(target.st_mode)
                         ? renameat(top, to.c_str(), shadow_.get(), saved.c_str())
                         : linkat(top, to.c_str(), shadow_.get(), saved.c_str(), 0);
    if (kept != 0) return -errno;
  }
  if (renameat(top, from.c_str(), top, to.c_str()) != 0) {
    const int error = errno;
    if (!saved.empty() && S_ISDIR(target.st_mode))
      renameat(shadow_.get(), saved.c_str(), top, to.c_str());
    if (!saved.empty()) remove_tree(shadow_.get(), saved);
    return -error;
  }
  changed(NameChange::Kind::renamed, from, to, saved);
  note(change);
  return 0;
}

int Disk::set_mode(const std::string& path, mode_t mode) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  if (fchmodat(backing_.get(), path.c_str(), mode, 0) != 0) return -errno;
  note({.kind = ChangeKind::set_mode, .bytes = mode, .path = path});
  return 0;
}

int Disk::set_owner(const std::string& path, uid_t user, gid_t group) {
  const std::shared_lock world(world_);
  const auto order = in_order();
  if (fchownat(backing_.get(), path.c_str(), user, group, AT_SYMLINK_NOFOLLOW) != 0) return -errno;
  note({.kind = ChangeKind::set_owner,
        .at = static_cast<std::int32_t>(user),
        .bytes = static_cast<std::int32_t>(group),
        .path = path});
  return 0;
}

std::string Disk::path_of(int descriptor) const {
  const auto name = [](int number) {
    const std::string link = "/proc/self/fd/" + std::to_string(number);
    char target[4096];
    const ssize_t n = readlink(link.c_str(), target, sizeof(target));
    return std::string(target, n < 0 ? 0 : static_cast<std::size_t>(n));
  };
  const std::string top = name(backing_.get());
  const std::string path = name(descriptor);
  if (path == top) return ".";
  if (!path.starts_with(top + "/") || path.ends_with(" (deleted)")) return "";
  return path.substr(top.size() + 1);
}

PowerLoss Disk::power_failure(Loss loss, std::uint64_t seed) {
  const std::unique_lock world(world_);
  const std::lock_guard table(table_mutex_);
  const std::lock_guard names(names_mutex_);
  const Random random(seed);
  PowerLoss sum;
  for (auto at = table_.begin(); at != table_.end();) {
    FileContent& content = *at->second;
    Random own = random.fork(std::to_string(content.serial()));
    const std::uint64_t bytes = content.power_failure(loss, options_.strict, own);
    sum.bytes += bytes;
    sum.files += bytes > 0;
    at = content.handles == 0 ? table_.erase(at) : std::next(at);
  }
  Random own = random.fork("names");
  sum.names = names_->power_failure(loss, own);
  return sum;
}

DiskStatus Disk::status() {
  const std::unique_lock world(world_);
  DiskStatus status;
  for (const auto& [inode, content] : table_) {
    status.dirty_files += content->dirty();
    status.dirty_pages += content->dirty_pages();
  }
  status.changed_names = names_->size();
  status.overflows = overflows_ + names_->overflowed();
  return status;
}

}  // namespace gauntlet::disk
