#include "harness/run/recorder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/duration.hpp"

namespace gauntlet {

namespace {

/// How long to wait for the disk before the run is ended.
constexpr std::chrono::seconds disk_patience{30};

/// File systems that keep what posix_fallocate has promised when a mapped page is written; with
/// others (copy on write, network) that could be a SIGBUS instead.
bool keeps_allocations(int file) {
  struct statfs info {};
  if (fstatfs(file, &info) != 0) return false;
  constexpr long xfs_magic = 0x58465342;
  const auto type = static_cast<long>(info.f_type);
  return type == EXT4_SUPER_MAGIC || type == xfs_magic || type == TMPFS_MAGIC ||
         type == OVERLAYFS_SUPER_MAGIC;
}

Error disk_failure(const std::string& path, int number) {
  if (number == ENOSPC || number == EDQUOT) {
    return failure(ErrorKind::resource, fmt::format("the store is full: {} cannot grow", path),
                   "free some space, or choose another disk with --store");
  }
  if (number == EFBIG) {
    return failure(ErrorKind::resource,
                   fmt::format("{} has reached the limit for the size of a file", path),
                   "raise the limit (ulimit -f), or choose another disk with --store");
  }
  return failure(ErrorKind::resource,
                 fmt::format("cannot write {}: {}", path, std::strerror(number)));
}

/// A file that would grow beyond its limit (RLIMIT_FSIZE) is an error to us, not a signal.
void block_signals() {
  sigset_t signals;
  sigfillset(&signals);
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
    sigdelset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::create(const std::string& path,
                                                   const RecorderOptions& options) {
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file.open()) return disk_failure(path, errno);
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) return disk_failure(path, errno);
  const bool mapped = options.mapped && keeps_allocations(file.get());
  std::unique_ptr<Recorder> recorder(new Recorder(path, std::move(file)));
  if (mapped) {
    if (auto started = recorder->start(options.chunk_bytes); !started) return started.error();
  }
  return recorder;
}

Recorder::~Recorder() {
  (void)close();
}

/// Starts the preparer and waits for the first chunk.
Result<void> Recorder::start(std::size_t chunk_bytes) {
  GAUNTLET_ASSERT(chunk_bytes > 0 &&
                  chunk_bytes % static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) == 0);
  chunk_bytes_ = chunk_bytes;
  preparer_ = std::thread([this] { prepare_chunks(); });
  if (next_chunk()) return {};
  Error error = gauntlet::failure(ErrorKind::resource, failure());
  (void)close();
  unlink(path_.c_str());
  return error;
}

void Recorder::on_event(const Operation& event) {
  line_.clear();
  append_json_line(line_, event);
  if (mapped() ? append_mapped(line_) : append_written(line_)) {
    ++events_;
    length_ += line_.size();
  } else {
    ++lost_;
  }
}

bool Recorder::append_mapped(std::string_view line) {
  if (chunk_.begin == nullptr) return false;
  std::string_view rest = line.substr(0, line.size() - 1);
  while (used_ + rest.size() >= chunk_bytes_) {
    const std::size_t fits = chunk_bytes_ - used_;
    std::memcpy(chunk_.begin + used_, rest.data(), fits);
    rest.remove_prefix(fits);
    used_ = chunk_bytes_;
    if (!next_chunk()) return false;
  }
  std::memcpy(chunk_.begin + used_, rest.data(), rest.size());
  used_ += rest.size();
  // The end of the line, last: a kill can come between any two instructions.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  *static_cast<volatile char*>(chunk_.begin + used_) = '\n';
  ++used_;
  if (used_ >= chunk_bytes_ / 2 && !next_is_known_) await_next();
  return true;
}

bool Recorder::append_written(std::string_view line) {
  if (failed_.load(std::memory_order_relaxed) || !file_.open()) return false;
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t n = pwrite(file_.get(), line.data() + written, line.size() - written,
                             static_cast<off_t>(length_ + written));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      fail(disk_failure(path_, n < 0 ? errno : ENOSPC).to_string());
      return false;
    }
    written += static_cast<std::size_t>(n);
  }
  return true;
}

/// Waits until the next chunk is there or has failed. Done in the middle of a chunk, so that on a
/// full disk the other half is left for the completions of what is under way.
void Recorder::await_next() {
  std::unique_lock guard(mutex_);
  const bool answered = changed_.wait_for(
      guard, disk_patience, [this] { return ready_.begin != nullptr || !failure_.empty(); });
  if (!answered) {
    failure_ = fmt::format("the store does not answer: {} could not grow within {}", path_,
                           format_duration(std::chrono::nanoseconds(disk_patience).count()));
    failed_.store(true, std::memory_order_relaxed);
  }
  next_is_known_ = true;
}

/// Moves on to the chunk that was prepared; false if there is none and will be none.
bool Recorder::next_chunk() {
  if (!next_is_known_) await_next();
  const std::lock_guard guard(mutex_);
  if (done_.begin != nullptr) munmap(done_.begin, chunk_bytes_);
  done_ = std::exchange(chunk_, {});
  chunk_ = std::exchange(ready_, {});
  used_ = 0;
  next_is_known_ = false;
  changed_.notify_all();
  return chunk_.begin != nullptr;
}

Result<Recorder::Chunk> Recorder::make_chunk(std::size_t offset) const {
  const int error =
      posix_fallocate(file_.get(), static_cast<off_t>(offset), static_cast<off_t>(chunk_bytes_));
  if (error != 0) return disk_failure(path_, error);
  void* begin = mmap(nullptr, chunk_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(),
                     static_cast<off_t>(offset));
  if (begin == MAP_FAILED) return disk_failure(path_, errno);
  return Chunk{static_cast<char*>(begin), offset};
}

/// The preparer's thread: keeps one chunk ready, unmaps those that are done.
void Recorder::prepare_chunks() {
  block_signals();
  std::unique_lock guard(mutex_);
  std::size_t offset = 0;
  while (!closing_) {
    if (ready_.begin == nullptr && failure_.empty()) {
      guard.unlock();
      auto chunk = make_chunk(offset);
      guard.lock();
      if (chunk) {
        ready_ = *chunk;
        offset += chunk_bytes_;
      } else {
        failure_ = chunk.error().to_string();
        failed_.store(true, std::memory_order_relaxed);
      }
      changed_.notify_all();
    } else if (done_.begin != nullptr) {
      const Chunk done = std::exchange(done_, {});
      guard.unlock();
      munmap(done.begin, chunk_bytes_);
      guard.lock();
    } else {
      changed_.wait(guard);
    }
  }
}

void Recorder::fail(const std::string& why) {
  const std::lock_guard guard(mutex_);
  failure_ = why;
  failed_.store(true, std::memory_order_relaxed);
}

std::string Recorder::failure() const {
  if (!failed_.load(std::memory_order_relaxed)) return {};
  const std::lock_guard guard(mutex_);
  return failure_;
}

Result<void> Recorder::close() {
  if (!file_.open()) return {};
  if (preparer_.joinable()) {
    {
      const std::lock_guard guard(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    preparer_.join();
  }
  for (Chunk* chunk : {&chunk_, &ready_, &done_}) {
    if (chunk->begin != nullptr) munmap(chunk->begin, chunk_bytes_);
    *chunk = {};
  }
  const int cut = ftruncate(file_.get(), static_cast<off_t>(length_));
  const int error = errno;
  file_.close();
  if (cut != 0) return disk_failure(path_, error);
  if (lost_ > 0) {
    return gauntlet::failure(ErrorKind::resource,
                             fmt::format("{} events did not fit into {}", lost_, path_),
                             "what was recorded before them is kept");
  }
  return {};
}

Result<std::size_t> repair_history(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.open()) return disk_failure(path, errno);
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return failure(ErrorKind::conflict, fmt::format("{} is still being recorded", path),
                   "wait until the run has ended");
  }
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return disk_failure(path, errno);
  const auto size = static_cast<std::size_t>(info.st_size);
  std::size_t end = size;
  std::array<char, 65536> buffer;
  while (end > 0) {
    const std::size_t wanted = std::min(end, buffer.size());
    const ssize_t got = pread(file.get(), buffer.data(), wanted, static_cast<off_t>(end - wanted));
    if (got != static_cast<ssize_t>(wanted)) return disk_failure(path, got < 0 ? errno : EIO);
    const std::size_t last = std::string_view(buffer.data(), wanted).find_last_not_of('\0');
    if (last != std::string_view::npos) {
      end = end - wanted + last + 1;
      break;
    }
    end -= wanted;
  }
  if (end < size && ftruncate(file.get(), static_cast<off_t>(end)) != 0) {
    return disk_failure(path, errno);
  }
  return size - end;
}

}  // namespace gauntlet
