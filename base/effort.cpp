#include "base/effort.hpp"

#include <fcntl.h>
#include <malloc.h>
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

bool Effort::is_over_memory(std::size_t more_bytes) const {
  if (budget_.memory_bytes_max == 0) return false;
  const auto is_over = [&] {
    return process_memory_bytes() + more_bytes > budget_.memory_bytes_max;
  };
  if (!is_over()) return false;
  ::malloc_trim(0);
  return is_over();
}

void Effort::look() {
  if (budget_.stopped()) {
    end_ = End::stopped;
  } else if (budget_.steps_max != 0 && steps_ > budget_.steps_max) {
    end_ = End::steps;
  } else if (budget_.deadline.passed()) {
    end_ = End::time;
  } else if ((steps_ & 4095u) == 1 && is_over_memory(0)) {
    end_ = End::memory;
  }
}

bool Effort::exhausted_now() {
  if (end_ == End::none) look();
  if (end_ == End::none && is_over_memory(0)) end_ = End::memory;
  return end_ != End::none;
}

bool Effort::allows(std::size_t bytes) {
  constexpr std::size_t small = 1u << 20;
  if (bytes >= small && end_ == End::none && is_over_memory(bytes)) end_ = End::memory;
  return end_ != End::memory;
}

std::string Effort::reason() const {
  switch (end_) {
    case End::none:
      return "";
    case End::time:
      return "the time limit was reached";
    case End::memory:
      return std::string(memory_reason);
    case End::steps:
      return "the steps allowed were used up";
    case End::stopped:
      return "the analysis was interrupted";
  }
  return "";
}

}  // namespace gauntlet
