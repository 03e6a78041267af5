#include "nemesis/agent/process_clock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "nemesis/agent/clock_stub.hpp"
#include "nemesis/agent/stopped_process.hpp"
#include "nemesis/agent/vdso.hpp"

namespace gauntlet::agent {

namespace {

/// What is changed, as offsets into the image: the stub goes into the room that is left behind the
/// code, and the entries of the functions become jumps to it. So a thread that a signal interrupted
/// within a function finds its code as it was when it comes back.
struct Places {
  std::uint64_t stub = 0;
  std::array<std::pair<std::uint64_t, std::uint64_t>, 3> jumps{};  ///< from an entry into the stub
};
constexpr std::size_t jump_size = 5;

std::optional<Places> places() {
  const Vdso& vdso = own_vdso();
  const ClockStub& stub = clock_stub();
  const auto clock_gettime = vdso.find("__vdso_clock_gettime");
  const auto gettimeofday = vdso.find("__vdso_gettimeofday");
  const auto time = vdso.find("__vdso_time");
  if (stub.code.empty() || !clock_gettime || !gettimeofday || !time) return std::nullopt;
  const std::size_t used = vdso.image.find_last_not_of('\0') + 1;
  Places result;
  result.stub = (used + 63) / 64 * 64;
  if (result.stub + stub.code.size() > vdso.image.size()) return std::nullopt;
  for (const auto* function : {&*clock_gettime, &*gettimeofday, &*time}) {
    if (function->size < jump_size) return std::nullopt;
  }
  result.jumps = {std::pair(clock_gettime->at, result.stub),
                  std::pair(gettimeofday->at, result.stub + stub.gettimeofday),
                  std::pair(time->at, result.stub + stub.time)};
  return result;
}

std::vector<CodeRange> entries_of(const Places& at, std::uint64_t base) {
  std::vector<CodeRange> ranges;
  for (const auto& [entry, target] : at.jumps)
    ranges.push_back({base + entry, base + entry + jump_size});
  return ranges;
}

/// A jump from one place of the image to another.
std::string jump(std::uint64_t from, std::uint64_t to) {
  const auto distance = static_cast<std::int32_t>(static_cast<std::int64_t>(to) -
                                                  static_cast<std::int64_t>(from) - 5);
  std::string code = "\xe9";
  code.append(reinterpret_cast<const char*>(&distance), sizeof distance);
  return code;
}

/// The memory of a process, which its owner may write where the process itself may not.
class Memory {
 public:
  explicit Memory(pid_t pid)
      : file_(open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDWR | O_CLOEXEC)) {}
  ~Memory() {
    if (file_ >= 0) close(file_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  std::string read(std::uint64_t at, std::size_t size) const {
    std::string bytes(size, '\0');
    const ssize_t n = pread(file_, bytes.data(), size, static_cast<off_t>(at));
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
  }
  bool write(std::uint64_t at, std::string_view bytes) const {
    return pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at)) ==
           static_cast<ssize_t>(bytes.size());
  }

 private:
  int file_;
};

std::string as_bytes(std::int64_t value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

std::string no_clocks() {
  return places() ? "" : "the vDSO of this kernel and processor is not one that can be changed";
}

std::optional<std::int64_t> clock_offset_of(pid_t pid) {
  const auto at = places();
  const auto base = vdso_of(pid);
  if (!at || !base) return std::nullopt;
  const ClockStub& stub = clock_stub();
  const std::string there = Memory(pid).read(*base + at->stub, stub.code.size());
  if (there.size() != stub.code.size()) return std::nullopt;
  if (there.compare(0, stub.offset_at(), stub.code, 0, stub.offset_at()) != 0) return std::nullopt;
  std::int64_t offset_ns = 0;
  std::memcpy(&offset_ns, there.data() + stub.offset_at(), sizeof offset_ns);
  return offset_ns;
}

std::string set_clock_offset(pid_t pid, std::int64_t offset_ns) {
  const auto at = places();
  if (!at) return no_clocks();
  const auto base = vdso_of(pid);
  if (!base) return "it has no vDSO of this machine";
  const ClockStub& stub = clock_stub();
  const Memory memory(pid);
  if (clock_offset_of(pid)) {
    const bool written = memory.write(*base + at->stub + stub.offset_at(), as_bytes(offset_ns));
    return written ? "" : std::strerror(errno);
  }
  const Vdso& own = own_vdso();
  if (memory.read(*base, own.image.size()) != own.image) return "somebody else changed its vDSO";
  std::string code = stub.code;
  code.replace(stub.offset_at(), sizeof offset_ns, as_bytes(offset_ns));
  if (!memory.write(*base + at->stub, code)) return std::strerror(errno);
  const StoppedProcess stopped(pid, entries_of(*at, *base));
  std::string why = stopped.why_not();
  for (const auto& [entry, target] : at->jumps) {
    if (!why.empty()) break;
    if (!memory.write(*base + entry, jump(entry, target))) why = std::strerror(errno);
  }
  // Nobody can have come to the stub.
  if (!why.empty()) memory.write(*base, own.image);
  return why;
}

std::string restore_clock(pid_t pid) {
  const auto at = places();
  const auto base = vdso_of(pid);
  if (!at || !base || !clock_offset_of(pid)) return "";
  const Vdso& own = own_vdso();
  const Memory memory(pid);
  {
    const StoppedProcess stopped(pid, entries_of(*at, *base));
    if (!stopped.why_not().empty()) return stopped.why_not();
    for (const auto& [entry, target] : at->jumps) {
      const auto code = std::string_view(own.image).substr(entry, jump_size);
      if (!memory.write(*base + entry, code)) return std::strerror(errno);
    }
  }
  // Time for a handler of a signal that came within the stub to return there.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::size_t size = clock_stub().code.size();
  const StoppedProcess stopped(pid, {{*base + at->stub, *base + at->stub + size}});
  if (!stopped.why_not().empty()) return stopped.why_not();
  if (!memory.write(*base + at->stub, std::string(size, '\0'))) return std::strerror(errno);
  return memory.read(*base, own.image.size()) == own.image ? "" : "its vDSO is not as it was";
}

}  // namespace gauntlet::agent
