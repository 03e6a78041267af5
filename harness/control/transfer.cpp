// Copies to and from nodes: through a shell's standard streams, so that they work under sudo, and
// compared by SHA-256.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/descriptor.hpp"
#include "base/duration.hpp"
#include "harness/control/checksum.hpp"
#include "harness/control/ssh_node.hpp"
#include "harness/control/text.hpp"

namespace gauntlet {
namespace {

using std::chrono::milliseconds;

constexpr int checksum_differs = 65;
constexpr int download_attempts_max = 3;

milliseconds time_for(std::size_t bytes) {
  constexpr std::size_t bytes_per_ms_min = 1'000;
  constexpr std::size_t extra_ms_max = 570'000;
  return milliseconds(30'000 + std::min(bytes / bytes_per_ms_min, extra_ms_max));
}

// The temporary file is beside the target, so that mv is a rename.
constexpr std::string_view upload_script = R"sh(
set -e
umask 077
t=$(mktemp -- "$f.XXXXXX")
trap 'rm -f -- "$t"' EXIT
cat >"$t"
s=$(sha256sum <"$t")
[ "${s%% *}" = "$sum" ] || exit 65
chmod "$mode" -- "$t"
mv -f -T -- "$t" "$f"
trap - EXIT
)sh";

// A log grows while it is copied, so the part is fixed first: its last byte, its length. One line
// with size, length and checksum goes ahead of it.
constexpr std::string_view download_script = R"sh(
set -e
[ -f "$f" ] || { echo "$f is not there, or not a file" >&2; exit 1; }
exec 3<"$f"
s=$(stat -Lc %s -- "$f")
n=$s
[ "$n" -le "$max" ] || n=$max
part() { tail -c "+$((s - n + 1))" <"$f" | head -c "$n"; }
sum=$(part | sha256sum)
echo "$s $n ${sum%% *}"
part
)sh";

/// Takes the stream of download_script apart: the line into `header`, what follows into a file.
class Receiver {
 public:
  Receiver(int file, std::size_t bytes_max) : file_(file), bytes_max_(bytes_max) {}

  void operator()(std::string_view piece) {
    if (!header_done_) {
      const auto newline = piece.find('\n');
      header_ += piece.substr(0, newline).substr(0, 200);
      if (newline == std::string_view::npos) return;
      header_done_ = true;
      piece.remove_prefix(newline + 1);
    }
    piece = piece.substr(0, bytes_max_ - bytes_);
    bytes_ += piece.size();
    hash_.add(piece);
    while (!piece.empty() && write_error_ == 0) {
      const ssize_t n = write(file_, piece.data(), piece.size());
      if (n > 0) piece.remove_prefix(static_cast<std::size_t>(n));
      if (n < 0 && errno != EINTR) write_error_ = errno;
    }
  }

  /// Whether what came is what the header announced; call it once.
  bool complete() {
    const auto space = header_.find(' ');
    return space != std::string::npos &&
           header_.substr(space + 1) == fmt::format("{} {}", bytes_, hash_.finish());
  }
  int write_error() const { return write_error_; }

 private:
  int file_;
  std::size_t bytes_max_, bytes_ = 0;
  std::string header_;
  bool header_done_ = false;
  int write_error_ = 0;
  Sha256 hash_;
};

}  // namespace

Result<void> SshNode::upload(std::string_view content, const std::string& path, int mode,
                             bool as_root) {
  Command command = Command::shell(fmt::format("f={} mode={:o} sum={}\n{}", shell_quote(path), mode,
                                               sha256(content), upload_script));
  command.label = fmt::format("upload {} ({})", path, format_bytes(content.size()));
  command.input = content;
  command.as_root = as_root;
  command.timeout = time_for(content.size());
  const auto result = run(command);
  if (!result) return result.error();
  if (result->succeeded()) return {};
  if (result->exit_code == checksum_differs)
    return failure(ErrorKind::transport,
                   fmt::format("{}: {} arrived with a wrong checksum", name(), path));
  return failure(ErrorKind::remote, fmt::format("{}: cannot write {}: {}", name(), path,
                                                last_line(result->error_output)));
}

Result<void> SshNode::download(const std::string& path, const std::string& local_path,
                               std::size_t bytes_max, bool as_root) {
  Command command =
      Command::shell(fmt::format("f={} max={}\n{}", shell_quote(path), bytes_max, download_script));
  command.label = "download " + path;
  command.as_root = as_root;
  command.timeout = time_for(bytes_max);
  const std::string temporary = local_path + ".part";
  const auto cannot_write = [&](int reason) {
    return failure(ErrorKind::resource,
                   fmt::format("cannot write {}: {}", local_path, std::strerror(reason)));
  };
  for (int attempt = 1; attempt <= download_attempts_max; ++attempt) {
    const Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file.open()) return cannot_write(errno);
    Receiver receiver(file.get(), bytes_max);
    const auto result = run_streaming(command, [&](std::string_view piece) { receiver(piece); });
    if (result && result->succeeded() && receiver.write_error() == 0 && receiver.complete()) {
      if (rename(temporary.c_str(), local_path.c_str()) == 0) return {};
      return cannot_write(errno);
    }
    unlink(temporary.c_str());
    if (!result) return result.error();
    if (receiver.write_error() != 0) return cannot_write(receiver.write_error());
    if (!result->succeeded())
      return failure(ErrorKind::remote, fmt::format("{}: cannot read {}: {}", name(), path,
                                                    last_line(result->error_output)));
  }
  return failure(ErrorKind::transport,
                 fmt::format("{}: {} was replaced or cut while it was copied, {} times", name(),
                             path, download_attempts_max));
}

}  // namespace gauntlet
