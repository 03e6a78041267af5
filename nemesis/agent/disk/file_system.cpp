#define FUSE_USE_VERSION 312
#include "nemesis/agent/disk/file_system.hpp"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/clock.hpp"
#include "base/integer.hpp"
#include "nemesis/agent/disk/chore.hpp"
#include "nemesis/agent/disk/command_socket.hpp"
#include "nemesis/agent/disk/disk.hpp"
#include "nemesis/agent/disk/rules.hpp"

namespace gauntlet::disk {

namespace {

/// So many operations sleep at once where the disk is slow, before others wait for them.
constexpr unsigned threads_max = 64;

struct Mount {
  std::unique_ptr<Disk> disk;
  Rules rules;
  fuse* handle = nullptr;
  std::string prefix;  ///< the real path of the backing folder and '/'
  std::atomic<std::uint64_t> bytes_written = 0, bytes_read = 0, bytes_rejected = 0, errors = 0;
  std::atomic<std::uint64_t> syncs = 0;
  std::unique_ptr<Chore> forgetting;  ///< of what the kernel has read
};

Mount& mount() {
  return *static_cast<Mount*>(fuse_get_context()->private_data);
}

std::string relative(const char* path) {
  return path == nullptr ? "" : path[1] == '\0' ? "." : path + 1;
}

OpenFile& opened(fuse_file_info* info) {
  return *reinterpret_cast<OpenFile*>(info->fh);
}

/// The name that an open file has now, as rules know it; "" while there are no rules. The kernel
/// tells no path of open files, and they may have been renamed.
std::string name_of(int descriptor) {
  Mount& here = mount();
  if (!here.rules.any()) return "";
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  char target[4096];
  const ssize_t n = readlink(link.c_str(), target, sizeof(target));
  const std::string_view name(target, n < 0 ? 0 : static_cast<std::size_t>(n));
  return name.starts_with(here.prefix) ? std::string(name.substr(here.prefix.size())) : "";
}

std::string name_of(fuse_file_info* info) {
  return name_of(opened(info).descriptor.get());
}

/// The negated errno that a rule wants; 0 if none does.
int refused(Action action, const std::string& name) {
  const auto rule = mount().rules.before(action, name);
  if (!rule) return 0;
  ++mount().errors;
  return -rule->error;
}

int refused(Action action, const char* path) {
  return refused(action, std::string(path + 1));
}

int checked(int result) {
  return result == 0 ? 0 : -errno;
}

/// What was made belongs to who asked for it, not to this daemon.
void give(const std::string& path) {
  const fuse_context* who = fuse_get_context();
  mount().disk->set_owner(path, who->uid, who->gid);
}

/// A path that system calls without an "at" form take.
std::string absolute(const char* path) {
  return "/proc/self/fd/" + std::to_string(mount().disk->backing()) + "/" + relative(path);
}

void* on_init(fuse_conn_info*, fuse_config* config) {
  config->use_ino = 1;
  config->hard_remove = 1;
  config->nullpath_ok = 1;  // of a file that was removed while open
  config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
  return fuse_get_context()->private_data;
}

int on_getattr(const char* path, struct stat* status, fuse_file_info* info) {
  if (path == nullptr && info != nullptr)
    return checked(fstat(opened(info).descriptor.get(), status));
  if (const int error = refused(Action::look, path)) return error;
  return checked(
      fstatat(mount().disk->backing(), relative(path).c_str(), status, AT_SYMLINK_NOFOLLOW));
}

int on_readlink(const char* path, char* target, std::size_t bytes) {
  const ssize_t n = readlinkat(mount().disk->backing(), relative(path).c_str(), target, bytes - 1);
  if (n < 0) return -errno;
  target[n] = '\0';
  return 0;
}

int on_mkdir(const char* path, mode_t mode) {
  if (const int error = refused(Action::names, path)) return error;
  if (mount().rules.full(path + 1)) return -ENOSPC;
  const int result = mount().disk->make_folder(relative(path), mode);
  if (result == 0) give(relative(path));
  return result;
}

/// What a name stands for; of one that is not there no links.
struct stat status_of(const std::string& name) {
  struct stat status {};
  if (fstatat(mount().disk->backing(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return {};
  return status;
}

/// The last name of a file takes its space with it.
void name_gone(const struct stat& before) {
  if (before.st_nlink == 1) mount().rules.freed(before.st_size);
}

/// A file without a name has given its space back already.
void was_cut(const OpenFile& file, const struct stat& before, std::int64_t bytes) {
  if (bytes >= before.st_size || mount().disk->path_of(file.descriptor.get()).empty()) return;
  mount().rules.freed(before.st_size - bytes);
}

int on_unlink(const char* path) {
  if (const int error = refused(Action::names, path)) return error;
  const struct stat before = status_of(relative(path));
  const int result = mount().disk->remove(relative(path));
  if (result == 0) name_gone(before);
  return result;
}

int on_rmdir(const char* path) {
  if (const int error = refused(Action::names, path)) return error;
  return mount().disk->remove_folder(relative(path));
}

int on_symlink(const char* target, const char* path) {
  if (const int error = refused(Action::names, path)) return error;
  const int result = mount().disk->make_symlink(target, relative(path));
  if (result == 0) give(relative(path));
  return result;
}

int on_rename(const char* from, const char* to, unsigned flags) {
  if (const int error = refused(Action::names, from)) return error;
  const struct stat source = status_of(relative(from)), replaced = status_of(relative(to));
  const int result = mount().disk->rename(relative(from), relative(to), flags);
  const bool is_replaced = (flags & RENAME_EXCHANGE) == 0 && source.st_ino != replaced.st_ino;
  if (result == 0 && is_replaced && S_ISREG(replaced.st_mode)) name_gone(replaced);
  return result;
}

int on_link(const char* from, const char* to) {
  if (const int error = refused(Action::names, to)) return error;
  return mount().disk->make_link(relative(from), relative(to));
}

/// The kernel tells no path of files that are open; those without a name are nobody's business.
std::string named(const char* path, fuse_file_info* info) {
  return path != nullptr ? relative(path) : mount().disk->path_of(opened(info).descriptor.get());
}

int on_chmod(const char* path, mode_t mode, fuse_file_info* info) {
  const std::string name = named(path, info);
  return name.empty() ? 0 : mount().disk->set_mode(name, mode);
}

int on_chown(const char* path, uid_t user, gid_t group, fuse_file_info* info) {
  const std::string name = named(path, info);
  return name.empty() ? 0 : mount().disk->set_owner(name, user, group);
}

int on_utimens(const char* path, const timespec times[2], fuse_file_info* info) {
  if (path == nullptr) return checked(futimens(opened(info).descriptor.get(), times));
  return checked(
      utimensat(mount().disk->backing(), relative(path).c_str(), times, AT_SYMLINK_NOFOLLOW));
}

int open_file(const char* path, int flags, mode_t mode, fuse_file_info* info) {
  if (const int error = refused(Action::open, path)) return error;
  std::unique_ptr<OpenFile> file;
  // Pages that are written in part are read first.
  if ((flags & O_ACCMODE) == O_WRONLY) flags = (flags & ~O_ACCMODE) | O_RDWR;
  struct stat before {};
  if ((flags & O_TRUNC) != 0) before = status_of(relative(path));
  const int result = mount().disk->open(relative(path), flags, mode, &file);
  if (result != 0) return result;
  was_cut(*file, before, 0);
  info->fh = reinterpret_cast<std::uint64_t>(file.release());
  return 0;
}

int on_create(const char* path, mode_t mode, fuse_file_info* info) {
  if (mount().rules.full(path + 1)) return -ENOSPC;
  const int result = open_file(path, info->flags | O_CREAT, mode, info);
  if (result == 0) give(relative(path));
  return result;
}

int on_open(const char* path, fuse_file_info* info) {
  return open_file(path, info->flags & ~O_CREAT, 0, info);
}

int on_release(const char*, fuse_file_info* info) {
  mount().disk->close(std::unique_ptr<OpenFile>(&opened(info)));
  return 0;
}

int on_read(const char*, char* data, std::size_t bytes, off_t at, fuse_file_info* info) {
  const std::string name = name_of(info);
  if (const int error = refused(Action::read, name)) return error;
  const ssize_t n = pread(opened(info).descriptor.get(), data, bytes, at);
  if (n < 0) return -errno;
  mount().bytes_read += static_cast<std::uint64_t>(n);
  mount().rules.corrupt(name, data, static_cast<std::size_t>(n));
  return static_cast<int>(n);
}

int on_write(const char*, const char* data, std::size_t bytes, off_t at, fuse_file_info* info) {
  Mount& here = mount();
  const auto reject = [&](int error) {
    here.bytes_rejected += bytes;
    return error;
  };
  const std::string name = name_of(info);
  if (const int error = refused(Action::write, name)) return reject(error);
  auto count = static_cast<std::int64_t>(bytes);
  struct stat status {};
  fstat(opened(info).descriptor.get(), &status);
  const auto growth = std::clamp<std::int64_t>(at + count - status.st_size, 0, count);
  count = here.rules.admitted(name, count, growth);
  if (count <= 0) {
    ++here.errors;
    return reject(-ENOSPC);
  }
  std::int64_t told = count;
  count = here.rules.torn(name, at, count, &told);
  const ssize_t written = here.disk->write(opened(info), data, static_cast<std::size_t>(count), at);
  if (written < 0) return static_cast<int>(written);
  // Sectors that did not reach the disk are part of the file nevertheless.
  if (count < told && at + told > status.st_size) here.disk->truncate(opened(info), at + told);
  here.bytes_written += static_cast<std::uint64_t>(written);
  here.bytes_rejected += bytes - static_cast<std::size_t>(written);
  return static_cast<int>(written == count ? told : written);
}

int on_truncate(const char* path, off_t bytes, fuse_file_info* info) {
  if (const int error =
          info != nullptr ? refused(Action::write, name_of(info)) : refused(Action::write, path)) {
    return error;
  }
  std::unique_ptr<OpenFile> file;
  if (info == nullptr) {
    if (const int error = mount().disk->open(relative(path), O_RDWR, 0, &file)) return error;
  }
  OpenFile& target = info != nullptr ? opened(info) : *file;
  struct stat before {};
  fstat(target.descriptor.get(), &before);
  const int result = mount().disk->truncate(target, bytes);
  if (result == 0) was_cut(target, before, bytes);
  if (file != nullptr) mount().disk->close(std::move(file));
  return result;
}

int on_fallocate(const char*, int mode, off_t at, off_t bytes, fuse_file_info* info) {
  const std::string name = name_of(info);
  if (const int error = refused(Action::write, name)) return error;
  struct stat status {};
  fstat(opened(info).descriptor.get(), &status);
  const auto growth = std::max<std::int64_t>(at + bytes - status.st_size, 0);
  if (growth > 0) {
    const std::int64_t admitted = mount().rules.admitted(name, growth, growth);
    if (admitted < growth) {
      mount().rules.freed(admitted);
      return -ENOSPC;
    }
  }
  return mount().disk->allocate(opened(info), mode, at, bytes);
}

int on_fsync(const char*, int data_only, fuse_file_info* info) {
  ++mount().syncs;
  const auto rule = mount().rules.before(Action::sync, name_of(info));
  if (!rule) return mount().disk->sync(opened(info), data_only != 0);
  ++mount().errors;
  if (rule->data != "keep") mount().disk->lose_dirty(opened(info), rule->data == "revert");
  if (rule->data == "revert") mount().forgetting->ask();
  return -rule->error;
}

int on_opendir(const char* path, fuse_file_info* info) {
  if (const int error = refused(Action::open, path)) return error;
  const int folder = openat(mount().disk->backing(), relative(path).c_str(),
                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return -errno;
  info->fh = static_cast<std::uint64_t>(folder);
  return 0;
}

int on_releasedir(const char*, fuse_file_info* info) {
  return checked(close(static_cast<int>(info->fh)));
}

int on_fsyncdir(const char*, int, fuse_file_info* info) {
  ++mount().syncs;
  const int folder = static_cast<int>(info->fh);
  if (const int error = refused(Action::sync, name_of(folder))) return error;
  return mount().disk->sync_folder(folder);
}

int on_readdir(const char*, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info* info,
               fuse_readdir_flags) {
  const int folder = openat(static_cast<int>(info->fh), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = folder < 0 ? nullptr : fdopendir(folder);
  if (stream == nullptr) {
    const int error = errno;
    if (folder >= 0) close(folder);
    return -error;
  }
  while (const dirent* entry = readdir(stream)) {
    struct stat status {};
    status.st_ino = entry->d_ino;
    status.st_mode = static_cast<mode_t>(entry->d_type) << 12;
    if (fill(buffer, entry->d_name, &status, 0, fuse_fill_dir_flags{}) != 0) break;
  }
  closedir(stream);
  return 0;
}

int on_statfs(const char*, struct statvfs* status) {
  if (fstatvfs(mount().disk->backing(), status) != 0) return -errno;
  if (const auto left = mount().rules.space_left()) {
    const auto blocks = static_cast<fsblkcnt_t>(*left) / status->f_frsize;
    status->f_bavail = std::min(status->f_bavail, blocks);
    status->f_bfree = std::min(status->f_bfree, blocks);
  }
  return 0;
}

off_t on_lseek(const char*, off_t at, int whence, fuse_file_info* info) {
  const off_t result = lseek(opened(info).descriptor.get(), at, whence);
  return result < 0 ? -errno : result;
}

int on_setxattr(const char* path, const char* name, const char* value, std::size_t bytes,
                int flags) {
  return checked(lsetxattr(absolute(path).c_str(), name, value, bytes, flags));
}

int on_getxattr(const char* path, const char* name, char* value, std::size_t bytes) {
  const ssize_t n = lgetxattr(absolute(path).c_str(), name, value, bytes);
  return n < 0 ? -errno : static_cast<int>(n);
}

int on_listxattr(const char* path, char* names, std::size_t bytes) {
  const ssize_t n = llistxattr(absolute(path).c_str(), names, bytes);
  return n < 0 ? -errno : static_cast<int>(n);
}

int on_removexattr(const char* path, const char* name) {
  return checked(lremovexattr(absolute(path).c_str(), name));
}

fuse_operations operations() {
  fuse_operations all{};
  all.init = on_init;
  all.getattr = on_getattr;
  all.readlink = on_readlink;
  all.mkdir = on_mkdir;
  all.unlink = on_unlink;
  all.rmdir = on_rmdir;
  all.symlink = on_symlink;
  all.rename = on_rename;
  all.link = on_link;
  all.chmod = on_chmod;
  all.chown = on_chown;
  all.utimens = on_utimens;
  all.create = on_create;
  all.open = on_open;
  all.release = on_release;
  all.read = on_read;
  all.write = on_write;
  all.truncate = on_truncate;
  all.fallocate = on_fallocate;
  all.fsync = on_fsync;
  all.opendir = on_opendir;
  all.releasedir = on_releasedir;
  all.fsyncdir = on_fsyncdir;
  all.readdir = on_readdir;
  all.statfs = on_statfs;
  all.lseek = on_lseek;
  all.setxattr = on_setxattr;
  all.getxattr = on_getxattr;
  all.listxattr = on_listxattr;
  all.removexattr = on_removexattr;
  return all;
}

/// Makes the kernel forget what it has read, so that rules on reads take effect, and their end.
/// Waits for reads that are under way.
void forget_pages(Mount& here) {
  std::error_code error;
  std::filesystem::recursive_directory_iterator at(here.prefix, error), end;
  for (; !error && at != end; at.increment(error)) {
    const std::string path = at->path().string().substr(here.prefix.size());
    fuse_invalidate_path(here.handle, ("/" + path).c_str());  // refuses what it does not know
  }
}

std::string status_line(Mount& here) {
  const DiskStatus status = here.disk->status();
  const std::pair<const char*, std::uint64_t> numbers[] = {{"written", here.bytes_written},
                                                           {"rejected", here.bytes_rejected},
                                                           {"read", here.bytes_read},
                                                           {"errors", here.errors},
                                                           {"fsyncs", here.syncs},
                                                           {"dirty-files", status.dirty_files},
                                                           {"dirty-pages", status.dirty_pages},
                                                           {"changed-names", status.changed_names},
                                                           {"overflows", status.overflows}};
  std::string line = "ok";
  for (const auto& [name, number] : numbers)
    line += std::string(" ") + name + "=" + std::to_string(number);
  const std::string rules = here.rules.status();
  return rules.empty() ? line : line + " rules: " + rules;
}

std::string lose_power(Mount& here, const std::vector<std::string>& words) {
  const std::string how = words.size() > 1 ? words[1] : "whole";
  const auto loss = loss_named(how);
  if (!loss) return "error no such loss: " + how;
  const std::uint64_t seed = words.size() > 2 ? std::strtoull(words[2].c_str(), nullptr, 10) : 0;
  const PowerLoss lost = here.disk->power_failure(*loss, seed);
  forget_pages(here);
  return "ok bytes=" + std::to_string(lost.bytes) + " files=" + std::to_string(lost.files) +
         " names=" + std::to_string(lost.names);
}

/// The kernel tells of closed files later, so a record waits for that.
std::string start_record(Mount& here, const std::string& path, const std::string& megabytes) {
  const auto limit = integer_from(megabytes);
  if (!limit || *limit < 1 || *limit > 4096) return "error what is " + megabytes;
  const auto deadline = Deadline::after(std::chrono::seconds(2));
  while (true) {
    const std::string why =
        here.disk->start_record(path, static_cast<std::uint64_t>(*limit) << 20U);
    if (why.empty()) return "ok";
    if (deadline.passed() || !why.ends_with("open")) return "error " + why;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

std::string tell(const std::optional<Disk::Record>& record) {
  if (!record) return "error no record is under way";
  if (!record->trouble.empty()) return "error " + record->trouble;
  return "ok entries=" + std::to_string(record->entries) +
         " bytes=" + std::to_string(record->bytes);
}

std::string mark(Mount& here, const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 1; i < words.size(); ++i)
    text += (i > 1 ? " " : "") + words[i];
  return here.disk->mark(text) ? tell(here.disk->record_status()) : "error no record is under way";
}

std::string obey(Mount& here, const std::vector<std::string>& words) {
  const std::string verb = words.empty() ? "" : words[0];
  if (verb == "status") return status_line(here);
  if (verb == "power-failure") return lose_power(here, words);
  if (verb == "record" && words.size() == 3) return start_record(here, words[1], words[2]);
  if (verb == "mark" && words.size() > 1) return mark(here, words);
  if (verb == "record-end") return tell(here.disk->end_record());
  if (verb == "add") {
    std::string why;
    auto rule = parse_rule({words.begin() + 1, words.end()}, &why);
    if (!rule) return "error " + why;
    here.rules.add(std::move(*rule));
  } else if (verb == "remove" && words.size() == 2) {
    here.rules.remove(words[1]);
  } else if (verb == "remove-all") {
    here.rules.remove_all();
  } else {
    return "error what is '" + verb + "'";
  }
  here.forgetting->ask();
  return "ok";
}

}  // namespace

int serve_file_system(const std::string& mount_point, const std::string& backing,
                      const std::string& socket_path, bool strict) {
  umask(0);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  Mount here;
  DiskOptions options;
  options.backing = backing;
  options.shadow = backing + ".shadow";
  options.strict = strict;
  here.disk = Disk::open_folders(options);
  char real[PATH_MAX];
  if (realpath(backing.c_str(), real) != nullptr) here.prefix = std::string(real) + "/";
  if (here.disk == nullptr) {
    std::fprintf(stderr, "gauntlet-agent: %s: %s\n", backing.c_str(), std::strerror(errno));
    return 3;
  }
  char program[] = "gauntlet-agent", option[] = "-o",
       value[] = "allow_other,default_permissions,fsname=gauntlet,subtype=gauntlet";
  char* arguments[] = {program, option, value, nullptr};
  fuse_args args = FUSE_ARGS_INIT(3, arguments);
  const fuse_operations all = operations();
  here.handle = fuse_new(&args, &all, sizeof(all), &here);
  if (here.handle == nullptr) return 3;
  int code = 3;
  if (fuse_mount(here.handle, mount_point.c_str()) == 0) {
    fuse_set_signal_handlers(fuse_get_session(here.handle));
    here.forgetting = std::make_unique<Chore>([&] { forget_pages(here); });
    std::string why;
    {
      const CommandSocket commands(
          socket_path, [&](const auto& words) { return obey(here, words); }, &why);
      if (why.empty()) {
        fuse_loop_config* config = fuse_loop_cfg_create();
        fuse_loop_cfg_set_max_threads(config, threads_max);
        code = fuse_loop_mt(here.handle, config) == 0 ? 0 : 3;
        fuse_loop_cfg_destroy(config);
      } else {
        std::fprintf(stderr, "gauntlet-agent: %s\n", why.c_str());
      }
    }
    here.forgetting.reset();
    fuse_unmount(here.handle);
  }
  fuse_destroy(here.handle);
  here.disk.reset();
  remove_tree(AT_FDCWD, options.shadow);
  return code;
}

}  // namespace gauntlet::disk
