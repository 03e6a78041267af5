#include "history/byte_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace gauntlet {

namespace {

constexpr std::size_t compressed_chunk = 64 << 10;
constexpr std::size_t expansion_free = std::size_t{1} << 30;
constexpr std::size_t expansion_ratio_max = 200;

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  explicit MemorySource(std::string bytes) : owned_(std::move(bytes)), bytes_(owned_) {}

  Result<std::size_t> read(char* to, std::size_t size) override {
    const std::size_t count = std::min(size, bytes_.size() - position_);
    if (count > 0) std::memcpy(to, bytes_.data() + position_, count);
    position_ += count;
    return count;
  }
  Result<void> rewind() override {
    position_ = 0;
    return {};
  }
  std::size_t size_hint() const override { return bytes_.size(); }

 private:
  std::string owned_;
  std::string_view bytes_;
  std::size_t position_ = 0;
};

class FileSource : public ByteSource {
 public:
  FileSource(int fd, std::string path, std::size_t size)
      : fd_(fd), path_(std::move(path)), size_(size) {}
  ~FileSource() override { ::close(fd_); }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  Result<std::size_t> read(char* to, std::size_t size) override {
    for (;;) {
      const ssize_t count = ::read(fd_, to, size);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) return unreadable();
    }
  }
  Result<void> rewind() override {
    if (::lseek(fd_, 0, SEEK_SET) != 0) return unreadable();
    return {};
  }
  std::size_t size_hint() const override { return size_; }

 private:
  Error unreadable() const {
    return failure(ErrorKind::input,
                   fmt::format("{}: cannot be read: {}", path_, std::strerror(errno)),
                   "check the file and its permissions");
  }

  int fd_;
  std::string path_;
  std::size_t size_;
};

/// The part that gzip and Zstandard have in common: the compressed chunk and the bound.
class Decompressor : public ByteSource {
 public:
  Decompressor(std::unique_ptr<ByteSource> from, std::string name)
      : from_(std::move(from)), name_(std::move(name)), chunk_(compressed_chunk) {}

  Result<std::size_t> read(char* to, std::size_t size) override {
    while (!ended_) {
      if (at_ == filled_ && (!pending_ || between_streams())) {
        auto count = from_->read(chunk_.data(), chunk_.size());
        if (!count) return count;
        at_ = 0;
        filled_ = *count;
        taken_ += *count;
        if (filled_ == 0) {
          ended_ = true;
          if (!between_streams()) return malformed("the compressed data ends too early");
          return std::size_t{0};
        }
      }
      auto count = expand(to, size);
      if (!count) return count;
      pending_ = *count == size;
      given_ += *count;
      if (given_ > expansion_free && given_ / expansion_ratio_max > taken_) {
        return malformed(fmt::format("expands to more than {} times its size, beyond 1 GiB",
                                     expansion_ratio_max));
      }
      if (*count > 0) return count;
    }
    return std::size_t{0};
  }

  Result<void> rewind() override {
    at_ = filled_ = taken_ = given_ = 0;
    ended_ = pending_ = false;
    reset();
    return from_->rewind();
  }
  /// As if all of it shrank as well as what was expanded so far.
  std::size_t size_hint() const override {
    const std::size_t used = taken_ - (filled_ - at_);
    if (used == 0) return 0;
    return static_cast<std::size_t>(static_cast<double>(from_->size_hint()) *
                                    static_cast<double>(given_) / static_cast<double>(used));
  }

 protected:
  /// Expands some of [at_, filled_) and advances at_; 0 bytes mean that it needs more input. Is
  /// called without input only inside a stream whose last output was full.
  virtual Result<std::size_t> expand(char* to, std::size_t size) = 0;
  virtual void reset() = 0;
  /// Whether all streams that began have ended.
  virtual bool between_streams() const = 0;

  Error malformed(std::string_view what) const {
    return failure(ErrorKind::input, fmt::format("{}:1:1: {}", name_, what),
                   "expand the file by hand and check what comes out");
  }

  std::unique_ptr<ByteSource> from_;
  std::string name_;
  std::vector<char> chunk_;
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  std::size_t taken_ = 0;
  std::size_t given_ = 0;
  bool ended_ = false;
  bool pending_ = false;  ///< the output was full, so the decoder may hold more
};

class GzipSource : public Decompressor {
 public:
  using Decompressor::Decompressor;
  ~GzipSource() override { reset(); }

 protected:
  Result<std::size_t> expand(char* to, std::size_t size) override {
    constexpr int gzip_window = 15 + 16;
    if (!open_) {
      stream_ = {};
      if (inflateInit2(&stream_, gzip_window) != Z_OK) return malformed("zlib has no memory");
      open_ = true;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(chunk_.data() + at_);
    stream_.avail_in = static_cast<uInt>(filled_ - at_);
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(size, 1U << 30));
    const uInt room = stream_.avail_out;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    at_ = filled_ - stream_.avail_in;
    if (status == Z_STREAM_END) {
      reset();
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      return malformed("the gzip data is damaged");
    }
    return static_cast<std::size_t>(room - stream_.avail_out);
  }
  void reset() override {
    if (open_) inflateEnd(&stream_);
    open_ = false;
  }
  bool between_streams() const override { return !open_; }

 private:
  z_stream stream_ = {};
  bool open_ = false;
};

class ZstdSource : public Decompressor {
 public:
  ZstdSource(std::unique_ptr<ByteSource> from, std::string name)
      : Decompressor(std::move(from), std::move(name)), stream_(ZSTD_createDStream()) {}
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }
  ZstdSource(const ZstdSource&) = delete;
  ZstdSource& operator=(const ZstdSource&) = delete;

 protected:
  Result<std::size_t> expand(char* to, std::size_t size) override {
    if (stream_ == nullptr) return malformed("zstd has no memory");
    ZSTD_inBuffer in{chunk_.data() + at_, filled_ - at_, 0};
    ZSTD_outBuffer out{to, size, 0};
    const std::size_t status = ZSTD_decompressStream(stream_, &out, &in);
    if (ZSTD_isError(status) != 0) return malformed("the Zstandard data is damaged");
    at_ += in.pos;
    between_ = status == 0;
    return out.pos;
  }
  void reset() override {
    if (stream_ != nullptr) ZSTD_initDStream(stream_);
    between_ = true;
  }
  bool between_streams() const override { return between_; }

 private:
  ZSTD_DStream* stream_;
  bool between_ = true;
};

Result<std::unique_ptr<ByteSource>> decompressed(std::unique_ptr<ByteSource> source,
                                                 const std::string& name) {
  std::string magic(4, '\0');
  std::size_t filled = 0;
  while (filled < magic.size()) {
    auto count = source->read(magic.data() + filled, magic.size() - filled);
    if (!count) return count.error();
    if (*count == 0) break;
    filled += *count;
  }
  if (auto rewound = source->rewind(); !rewound) return rewound.error();
  if (magic.starts_with("\x1f\x8b")) {
    return std::make_unique<GzipSource>(std::move(source), name);
  }
  if (magic == "\x28\xb5\x2f\xfd") return std::make_unique<ZstdSource>(std::move(source), name);
  return source;
}

}  // namespace

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status = {};
  if (fd < 0 || ::fstat(fd, &status) != 0) {
    const int code = errno;
    if (fd >= 0) ::close(fd);
    return failure(ErrorKind::usage, fmt::format("{}: {}", path, std::strerror(code)),
                   "check the path");
  }
  auto file = std::make_unique<FileSource>(fd, path, static_cast<std::size_t>(status.st_size));
  if (S_ISREG(status.st_mode)) return decompressed(std::move(file), path);

  std::string bytes;
  for (;;) {
    constexpr std::size_t step = 1 << 20;
    const std::size_t size = bytes.size();
    bytes.resize(size + step);
    auto count = file->read(bytes.data() + size, step);
    if (!count) return count.error();
    bytes.resize(size + *count);
    if (*count == 0) break;
  }
  return decompressed(std::make_unique<MemorySource>(std::move(bytes)), path);
}

Result<std::unique_ptr<ByteSource>> memory_source(std::string_view bytes, const std::string& name) {
  return decompressed(std::make_unique<MemorySource>(bytes), name);
}

}  // namespace gauntlet
