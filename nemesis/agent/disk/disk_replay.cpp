#include "nemesis/agent/disk/disk_replay.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>

#include "base/integer.hpp"

namespace gauntlet::disk {

namespace {

/// Whether all folders on the way to `path` are folders and no links: a log may have been changed.
bool stays_inside(int top, const std::string& path) {
  Descriptor at;
  std::size_t begin = 0;
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', begin)) {
    const std::string part = path.substr(begin, slash - begin);
    at = Descriptor(openat(at.open() ? at.get() : top, part.c_str(),
                           O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!at.open()) return false;
    begin = slash + 1;
  }
  return true;
}

bool is_owner(const Change& change) {
  return change.kind == ChangeKind::set_owner;
}

class Player {
 public:
  explicit Player(Disk& disk) : disk_(disk) {}

  /// 0, or the negated errno.
  int play(const Change& change) {
    using Kind = ChangeKind;
    if (!stays_inside(disk_.backing(), change.path) ||
        (change.kind != Kind::make_symlink && !stays_inside(disk_.backing(), change.target)))
      return -ENOENT;
    constexpr std::int64_t bytes_max = std::int64_t{4} << 30;  // of a file
    if (!is_owner(change) &&
        (change.at < 0 || change.at > bytes_max || change.bytes < 0 || change.bytes > bytes_max))
      return -EFBIG;
    const auto mode = static_cast<mode_t>(change.bytes);
    switch (change.kind) {
      case Kind::open: {
        constexpr int known = O_ACCMODE | O_CREAT | O_TRUNC | O_SYNC | O_DSYNC;
        const int flags = static_cast<int>(change.flags) & known;
        const int own = (flags & O_CREAT) != 0 ? flags | O_EXCL : flags;
        return disk_.open(change.path, own, mode, &files_[change.file]);
      }
      case Kind::sync_folder: {
        const Descriptor folder(openat(disk_.backing(), change.path.c_str(),
                                       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        return folder.open() ? disk_.sync_folder(folder.get()) : -errno;
      }
      case Kind::make_folder:
        return disk_.make_folder(change.path, mode);
      case Kind::make_symlink:
        return disk_.make_symlink(change.target, change.path);
      case Kind::make_link:
        return disk_.make_link(change.path, change.target);
      case Kind::remove:
        return disk_.remove(change.path);
      case Kind::remove_folder:
        return disk_.remove_folder(change.path);
      case Kind::rename:
        return disk_.rename(change.path, change.target, change.flags);
      case Kind::set_mode:
        return disk_.set_mode(change.path, mode);
      case Kind::set_owner:
        return disk_.set_owner(change.path, static_cast<uid_t>(change.at),
                               static_cast<gid_t>(change.bytes));
      case Kind::mark:
        return 0;
      default:
        return play_on_file(change);
    }
  }

  ~Player() {
    for (auto& [number, file] : files_)
      if (file != nullptr) disk_.close(std::move(file));
  }
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

 private:
  int play_on_file(const Change& change) {
    using Kind = ChangeKind;
    const auto at = files_.find(change.file);
    if (at == files_.end() || at->second == nullptr) return -EBADF;
    OpenFile& file = *at->second;
    switch (change.kind) {
      case Kind::close:
        disk_.close(std::move(at->second));
        files_.erase(at);
        return 0;
      case Kind::write: {
        const ssize_t n = disk_.write(file, change.data.data(), change.data.size(), change.at);
        if (n < 0) return static_cast<int>(n);
        return n == static_cast<ssize_t>(change.data.size()) ? 0 : -ENOSPC;
      }
      case Kind::truncate:
        return disk_.truncate(file, change.bytes);
      case Kind::allocate:
        return disk_.allocate(file, static_cast<int>(change.flags), change.at, change.bytes);
      case Kind::sync:
        return disk_.sync(file, false);
      case Kind::lose:
        disk_.lose_dirty(file, change.flags != 0);
        return 0;
      default:
        return -EINVAL;
    }
  }

  Disk& disk_;
  std::map<std::uint32_t, std::unique_ptr<OpenFile>> files_;
};

std::string play(const std::string& log, std::uint64_t entries, Disk& disk, Player& player) {
  ChangeLogReader reader(log);
  while (reader.entries() < entries) {
    const auto change = reader.next();
    if (!change) {
      return !reader.trouble().empty()
                 ? reader.trouble()
                 : "the record has " + std::to_string(reader.entries()) + " entries only";
    }
    const int result = player.play(*change);
    if (result == 0) continue;
    return "entry " + std::to_string(reader.entries()) + ", " + std::string(name_of(change->kind)) +
           " " + escaped(change->path) + ", cannot be done again: " + std::strerror(-result);
  }
  if (disk.status().overflows > 0) return "more is not durable than can be kept";
  return "";
}

}  // namespace

std::string replay(const std::string& log, std::uint64_t entries, Disk& disk) {
  Player player(disk);
  return play(log, entries, disk, player);
}

CrashState make_crash_state(const std::string& log, const std::string& folder,
                            const CrashPoint& point) {
  constexpr std::size_t lines_max = 20;
  CrashState state;
  DiskOptions options;
  options.backing = folder;
  options.shadow = folder + ".shadow";
  options.strict = point.strict;
  options.real_fsync = false;
  {
    const auto disk = Disk::open_folders(options);
    if (disk == nullptr) {
      state.trouble = folder + ": " + std::strerror(errno);
      return state;
    }
    Player player(*disk);
    state.trouble = play(log, point.entries, *disk, player);
    if (state.trouble.empty()) {
      state.undurable = disk->undurable(lines_max);
      state.lost = disk->power_failure(point.loss, point.seed);
    }
  }
  remove_tree(AT_FDCWD, options.shadow);
  if (!state.trouble.empty()) return state;
  const auto digest = digest_of_tree(folder);
  if (!digest) state.trouble = folder + ": cannot be read";
  state.digest = digest.value_or(0);
  return state;
}

int disk_replay_main(const std::vector<std::string>& words) {
  CrashPoint point;
  bool understood = words.size() >= 2;
  for (std::size_t i = 2; i < words.size() && understood; ++i) {
    if (words[i] == "--strict") {
      point.strict = true;
      continue;
    }
    const std::string& value = i + 1 < words.size() ? words[i + 1] : "";
    const auto number = integer_from(value);
    const auto loss = loss_named(value);
    if (words[i] == "--to" && number && *number >= 0) {
      point.entries = static_cast<std::uint64_t>(*number);
    } else if (words[i] == "--seed" && number && *number >= 0) {
      point.seed = static_cast<std::uint64_t>(*number);
    } else if (words[i] == "--loss" && loss) {
      point.loss = *loss;
    } else {
      understood = false;
    }
    ++i;
  }
  if (!understood) {
    std::fputs(
        "usage: gauntlet-agent disk-replay LOG FOLDER [--to ENTRIES] [--loss whole|pages|sectors]\n"
        "                                  [--seed N] [--strict]\n",
        stderr);
    return 254;
  }
  umask(0);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  const CrashState state = make_crash_state(words[0], words[1], point);
  if (!state.trouble.empty()) {
    std::fprintf(stderr, "gauntlet-agent: %s\n", state.trouble.c_str());
    return 3;
  }
  std::printf("state %016llx bytes %llu files %zu names %zu\n",
              static_cast<unsigned long long>(state.digest),
              static_cast<unsigned long long>(state.lost.bytes), state.lost.files,
              state.lost.names);
  for (const auto& line : state.undurable)
    std::printf("%s\n", line.c_str());
  return 0;
}

int disk_log_main(const std::vector<std::string>& words) {
  const bool points_only = words.size() == 2 && words[1] == "--points";
  if (words.size() != (points_only ? 2U : 1U)) {
    std::fputs("usage: gauntlet-agent disk-log LOG [--points]\n", stderr);
    return 254;
  }
  ChangeLogReader reader(words[0]);
  std::map<std::uint32_t, Change> open;  // without its data: the names and flags of files
  while (const auto change = reader.next()) {
    if (change->kind == ChangeKind::open) open[change->file] = *change;
    const auto file = open.find(change->file);
    const bool on_file = change->path.empty() && file != open.end();
    const bool is_synchronous = change->kind == ChangeKind::write && file != open.end() &&
                                (static_cast<int>(file->second.flags) & (O_SYNC | O_DSYNC)) != 0;
    const bool is_point = is_synchronous || change->kind == ChangeKind::sync ||
                          change->kind == ChangeKind::sync_folder ||
                          change->kind == ChangeKind::mark;
    if (points_only && !is_point) continue;
    const std::string path = escaped(on_file ? file->second.path : change->path);
    const std::string kind(is_synchronous ? "write-sync" : name_of(change->kind));
    std::string line = std::to_string(reader.entries()) + " " + kind;
    if (change->kind == ChangeKind::mark) {
      line += " " + escaped(change->data);
    } else {
      line += " " + path;
      if (!change->target.empty()) line += " " + escaped(change->target);
      if (change->kind == ChangeKind::write)
        line += " " + std::to_string(change->at) + "+" + std::to_string(change->data.size());
    }
    std::printf("%s\n", line.c_str());
  }
  if (!reader.trouble().empty()) {
    std::fprintf(stderr, "gauntlet-agent: %s\n", reader.trouble().c_str());
    return 3;
  }
  std::printf("%llu end\n", static_cast<unsigned long long>(reader.entries()));
  return 0;
}

}  // namespace gauntlet::disk
