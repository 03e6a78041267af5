#include "nemesis/agent/disk/change_log.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <array>
#include <cstring>

#include "nemesis/agent/disk/digest.hpp"

namespace gauntlet::disk {

namespace {

constexpr std::string_view magic = "gauntlet disk 1\n";
constexpr std::uint32_t path_bytes_max = 4096;
constexpr std::uint32_t data_bytes_max = 16 << 20;

/// As it is in the file, in the machine's byte order.
struct Head {
  std::uint64_t digest = 0;  ///< of all that follows, and of the entry's number
  std::uint32_t kind = 0, file = 0;
  std::int64_t at = 0, bytes = 0;
  std::uint32_t flags = 0, path = 0, target = 0, data = 0;
};
static_assert(sizeof(Head) == 48);

std::uint64_t digest_of(Head head, std::uint64_t number, std::string_view path,
                        std::string_view target, std::string_view data) {
  head.digest = number;
  const std::string_view bytes(reinterpret_cast<const char*>(&head), sizeof(head));
  return digest(digest(digest(digest(0, bytes), path), target), data);
}

bool known(std::uint32_t kind) {
  return kind >= static_cast<std::uint32_t>(ChangeKind::open) &&
         kind <= static_cast<std::uint32_t>(ChangeKind::mark);
}

/// Whether a path is one below the folder.
bool is_inside(std::string_view path) {
  if (path.empty() || path == ".") return true;
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos)
      return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

ChangeLogWriter::ChangeLogWriter(const std::string& path, std::uint64_t bytes_max)
    : file_(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)),
      bytes_max_(bytes_max) {
  if (!file_.open() ||
      write(file_.get(), magic.data(), magic.size()) != static_cast<ssize_t>(magic.size())) {
    trouble_ = path + ": " + std::strerror(errno);
  }
  bytes_ = magic.size();
}

void ChangeLogWriter::append(const Change& change, std::string_view data) {
  if (!trouble_.empty()) return;
  Head head;
  head.kind = static_cast<std::uint32_t>(change.kind);
  head.file = change.file;
  head.at = change.at;
  head.bytes = change.bytes;
  head.flags = change.flags;
  head.path = static_cast<std::uint32_t>(change.path.size());
  head.target = static_cast<std::uint32_t>(change.target.size());
  head.data = static_cast<std::uint32_t>(data.size());
  head.digest = digest_of(head, entries_, change.path, change.target, data);
  const std::size_t total = sizeof(head) + change.path.size() + change.target.size() + data.size();
  if (bytes_ + total > bytes_max_) {
    trouble_ = "the record would be longer than " + std::to_string(bytes_max_) + " bytes";
    return;
  }
  const auto piece = [](std::string_view text) {
    return iovec{const_cast<char*>(text.data()), text.size()};
  };
  const iovec pieces[] = {
      {&head, sizeof(head)}, piece(change.path), piece(change.target), piece(data)};
  const ssize_t written = writev(file_.get(), pieces, 4);
  if (written != static_cast<ssize_t>(total)) {
    trouble_ = written < 0 ? std::strerror(errno) : "no space is left for the record";
    return;
  }
  bytes_ += total;
  ++entries_;
}

ChangeLogReader::ChangeLogReader(const std::string& path)
    : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) {
  struct stat status {};
  if (!file_.open() || fstat(file_.get(), &status) != 0) {
    trouble_ = path + ": " + std::strerror(errno);
    return;
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
  char begin[magic.size()];
  if (!read(begin, sizeof(begin)) || std::string_view(begin, sizeof(begin)) != magic)
    trouble_ = path + ": not a record of a disk";
}

bool ChangeLogReader::read(void* into, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t n = pread(file_.get(), static_cast<char*>(into) + done, bytes - done,
                            static_cast<off_t>(at_ + done));
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  at_ += bytes;
  return true;
}

std::optional<Change> ChangeLogReader::refuse(const std::string& why) {
  trouble_ = "entry " + std::to_string(entries_ + 1) + " " + why;
  return std::nullopt;
}

std::optional<Change> ChangeLogReader::next() {
  if (!trouble_.empty() || at_ == size_) return std::nullopt;
  const std::string place = "at byte " + std::to_string(at_);
  Head head;
  if (size_ - at_ < sizeof(head) || !read(&head, sizeof(head)))
    return refuse(place + " is cut off");
  if (!known(head.kind) || head.path > path_bytes_max || head.target > path_bytes_max ||
      head.data > data_bytes_max)
    return refuse(place + " is damaged");
  if (size_ - at_ < std::uint64_t{head.path} + head.target + head.data)
    return refuse(place + " is cut off");
  Change change;
  change.kind = static_cast<ChangeKind>(head.kind);
  change.file = head.file;
  change.flags = head.flags;
  change.at = head.at;
  change.bytes = head.bytes;
  change.path.resize(head.path);
  change.target.resize(head.target);
  change.data.resize(head.data);
  for (std::string* text : {&change.path, &change.target, &change.data}) {
    if (!read(text->data(), text->size())) return refuse(place + " cannot be read");
  }
  if (digest_of(head, entries_, change.path, change.target, change.data) != head.digest)
    return refuse(place + " is damaged");
  const bool inside = is_inside(change.path) &&
                      (change.kind == ChangeKind::make_symlink || is_inside(change.target));
  if (!inside) return refuse(place + " names a path outside of the folder");
  ++entries_;
  return change;
}

std::string_view name_of(ChangeKind kind) {
  static constexpr std::array<std::string_view, 18> names = {
      "",       "open",         "close",  "write", "truncate", "allocate",
      "fsync",  "fsync-folder", "lose",   "mkdir", "symlink",  "link",
      "unlink", "rmdir",        "rename", "chmod", "chown",    "mark"};
  return names[static_cast<std::size_t>(kind)];
}

std::string escaped(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string result;
  for (const char c : text) {
    if (c > ' ' && c < 127 && c != '\\') {
      result += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result += {'\\', 'x', digits[byte / 16], digits[byte % 16]};
  }
  return result;
}

}  // namespace gauntlet::disk
