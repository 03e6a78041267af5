// The history, written to disk as it happens: a line is safe from a kill -9 of this process as soon
// as `on_event` has returned.
//
// How, without a system call for each event: the file is mapped into memory, shared, a chunk at a
// time. What is stored there is in the kernel's page cache at once, which outlives the process (not
// a crash of the machine). The next chunk is allocated on disk (posix_fallocate) and mapped by a
// thread of the recorder's own before it is needed. So a full disk shows while there is half a
// chunk left: `failure` says so, the run ends in order, and its last completions still fit.
//
// While it is open, and after a kill, the file ends with NUL bytes up to a chunk's end; close()
// cuts them off, readers of histories ignore them, `repair_history` removes them. The newline of a
// line is stored after the rest of it, so a line that has its newline is complete.
//
// Where files cannot be mapped this way (other file systems than those below) a line is written
// with write(2): about four times the cost, the same guarantee, but after a full disk nothing more
// fits.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "harness/run/run.hpp"

namespace gauntlet {

struct RecorderOptions {
  std::size_t chunk_bytes = std::size_t{4} << 20;  ///< a multiple of the page size
  bool mapped = true;                              ///< where the file system allows it
};

/// `on_event` and `close` from one thread at a time (the run loop's lock); `failure` from any
/// thread.
class Recorder : public EventSink {
 public:
  /// Creates the file, which must not exist, and holds a lock (flock) on it until it is closed.
  static Result<std::unique_ptr<Recorder>> create(const std::string& path,
                                                  const RecorderOptions& options = {});
  ~Recorder() override;

  void on_event(const Operation& event) override;
  std::string failure() const override;
  /// Cuts the file to what was recorded. Later events are lost. Idempotent. An error if events were
  /// lost or the file could not be cut.
  Result<void> close();

  std::size_t events() const { return events_; }
  /// Events that did not fit any more.
  std::size_t lost() const { return lost_; }
  bool mapped() const { return chunk_bytes_ > 0; }

 private:
  struct Chunk {
    char* begin = nullptr;
    std::size_t offset = 0;  ///< in the file
  };

  Recorder(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  Result<void> start(std::size_t chunk_bytes);
  bool append_mapped(std::string_view line);
  bool append_written(std::string_view line);
  bool next_chunk();
  void await_next();
  void prepare_chunks();
  Result<Chunk> make_chunk(std::size_t offset) const;
  void fail(const std::string& why);

  const std::string path_;
  Descriptor file_;
  std::string line_;
  std::size_t events_ = 0;
  std::size_t lost_ = 0;
  std::size_t length_ = 0;  ///< bytes of the file that are history

  std::size_t chunk_bytes_ = 0;  ///< 0: lines are written, not mapped
  Chunk chunk_;
  std::size_t used_ = 0;        ///< of the chunk
  bool next_is_known_ = false;  ///< the next chunk is there, or there will be none

  std::thread preparer_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  Chunk ready_;  ///< the chunk after the current one, once it is there
  Chunk done_;   ///< the chunk before the current one, to be unmapped
  bool closing_ = false;
  std::string failure_;
  std::atomic<bool> failed_{false};
};

/// Removes the NUL bytes that a killed run has left at the end of its history; returns how many.
/// ErrorKind::conflict if the run is still going on.
Result<std::size_t> repair_history(const std::string& path);

}  // namespace gauntlet
