#include "harness/control/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "base/clock.hpp"

namespace gauntlet {
namespace {

constexpr std::chrono::milliseconds poll_interval{50};

std::string holder_text(int file) {
  std::array<char, 4096> buffer;
  const ssize_t n = pread(file, buffer.data(), buffer.size(), 0);
  const auto owner =
      Owner::from_json(std::string_view(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0));
  return owner ? owner->to_string() : "another process";
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::filesystem::path& path, const std::string& subject,
                                   const Owner& owner, const LockWait& wait) {
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.open())
    return failure(ErrorKind::resource,
                   fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  const Deadline deadline = Deadline::after(wait.time);
  while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return failure(ErrorKind::resource,
                     fmt::format("cannot lock {}: {}", path.string(), std::strerror(errno)));
    if (wait.stop != nullptr && wait.stop->load())
      return failure(ErrorKind::interrupted, "stopped while waiting for " + subject);
    if (deadline.passed())
      return failure(ErrorKind::conflict,
                     fmt::format("{} is in use by {}", subject, holder_text(file.get())),
                     "wait until it has ended");
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(poll_interval, deadline.left()));
  }
  // Only for people; the lock holds without it.
  const std::string text = owner.to_json() + "\n";
  if (ftruncate(file.get(), 0) == 0) [[maybe_unused]]
    const auto written = pwrite(file.get(), text.data(), text.size(), 0);
  return FileLock(std::move(file));
}

}  // namespace gauntlet
