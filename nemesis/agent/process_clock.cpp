#include "nemesis/agent/process_clock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "nemesis/agent/clock_stub.hpp"
#include "nemesis/agent/stopped_process.hpp"
#include "nemesis/agent/vdso.hpp"

namespace gauntlet::agent {

namespace {

/// The entries that are changed, as offsets into the image.
struct Entries {
  Vdso::Function clock_gettime, gettimeofday, time;
};

std::optional<Entries> entries() {
  const Vdso& vdso = own_vdso();
  const auto clock_gettime = vdso.find("__vdso_clock_gettime");
  const auto gettimeofday = vdso.find("__vdso_gettimeofday");
  const auto time = vdso.find("__vdso_time");
  const std::size_t size = clock_stub().code.size();
  if (size == 0 || !clock_gettime || !gettimeofday || !time) return std::nullopt;
  if (clock_gettime->at % 16 != 0 || clock_gettime->size < size) return std::nullopt;
  return Entries{*clock_gettime, *gettimeofday, *time};
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
  return entries() ? "" : "the vDSO of this kernel and processor is not one that can be changed";
}

std::optional<std::int64_t> clock_offset_of(pid_t pid) {
  const auto places = entries();
  const auto base = vdso_of(pid);
  if (!places || !base) return std::nullopt;
  const ClockStub& stub = clock_stub();
  const std::string there = Memory(pid).read(*base + places->clock_gettime.at, stub.code.size());
  if (there.size() != stub.code.size()) return std::nullopt;
  if (there.compare(0, stub.offset_at(), stub.code, 0, stub.offset_at()) != 0) return std::nullopt;
  std::int64_t offset_ns = 0;
  std::memcpy(&offset_ns, there.data() + stub.offset_at(), sizeof offset_ns);
  return offset_ns;
}

std::string set_clock_offset(pid_t pid, std::int64_t offset_ns) {
  const auto places = entries();
  if (!places) return no_clocks();
  const auto base = vdso_of(pid);
  if (!base) return "it has no vDSO of this machine";
  const ClockStub& stub = clock_stub();
  const std::uint64_t code_at = *base + places->clock_gettime.at;
  const Memory memory(pid);
  if (clock_offset_of(pid)) {
    return memory.write(code_at + stub.offset_at(), as_bytes(offset_ns)) ? ""
                                                                         : std::strerror(errno);
  }
  const Vdso& own = own_vdso();
  if (memory.read(*base, own.image.size()) != own.image) return "somebody else changed its vDSO";
  const StoppedProcess stopped(pid, *base, *base + own.image.size());
  if (!stopped.why_not().empty()) return stopped.why_not();
  std::string code = stub.code;
  code.replace(stub.offset_at(), sizeof offset_ns, as_bytes(offset_ns));
  const std::uint64_t clock_at = places->clock_gettime.at;
  const bool written =
      memory.write(code_at, code) &&
      memory.write(*base + places->gettimeofday.at,
                   jump(places->gettimeofday.at, clock_at + stub.gettimeofday)) &&
      memory.write(*base + places->time.at, jump(places->time.at, clock_at + stub.time));
  if (written) return "";
  const std::string why = std::strerror(errno);
  memory.write(*base, own.image);
  return why;
}

std::string restore_clock(pid_t pid) {
  const auto places = entries();
  const auto base = vdso_of(pid);
  if (!places || !base || !clock_offset_of(pid)) return "";
  const Vdso& own = own_vdso();
  const StoppedProcess stopped(pid, *base, *base + own.image.size());
  if (!stopped.why_not().empty()) return stopped.why_not();
  const Memory memory(pid);
  for (const auto& [function, size] :
       {std::pair(places->gettimeofday, std::size_t{5}), std::pair(places->time, std::size_t{5}),
        std::pair(places->clock_gettime, clock_stub().code.size())}) {
    if (!memory.write(*base + function.at, std::string_view(own.image).substr(function.at, size))) {
      return std::strerror(errno);
    }
  }
  return memory.read(*base, own.image.size()) == own.image ? "" : "its vDSO is not as it was";
}

}  // namespace gauntlet::agent
