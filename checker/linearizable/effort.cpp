#include "checker/linearizable/effort.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace gauntlet {

std::size_t process_memory_bytes() {
  static const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  static const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  char text[128];
  const ssize_t length = file < 0 ? -1 : ::pread(file, text, sizeof text - 1, 0);
  if (length <= 0) return 0;
  text[length] = '\0';
  char* at = nullptr;
  std::strtoull(text, &at, 10);  // the first figure is the address space
  return std::strtoull(at, nullptr, 10) * page_bytes;
}

void Effort::look() {
  if (budget_.stopped()) {
    end_ = End::stopped;
  } else if (budget_.deadline.passed()) {
    end_ = End::time;
  } else if (budget_.memory_bytes_max != 0 && (steps_ & 4095u) == 1 &&
             process_memory_bytes() > budget_.memory_bytes_max) {
    end_ = End::memory;
  }
}

bool Effort::allows(std::size_t bytes) {
  if (budget_.memory_bytes_max != 0 && bytes >= (1u << 20) &&
      process_memory_bytes() + bytes > budget_.memory_bytes_max) {
    end_ = End::memory;
  }
  return end_ != End::memory;
}

std::string Effort::reason() const {
  switch (end_) {
    case End::none:
      return "";
    case End::time:
      return "the time limit was reached";
    case End::memory:
      return "the memory limit was reached";
    case End::stopped:
      return "the analysis was interrupted";
  }
  return "";
}

}  // namespace gauntlet
