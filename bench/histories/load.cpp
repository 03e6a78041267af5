// gauntlet-history-load FILE...: how long each history takes to read, and what it takes in memory.
#include <fmt/format.h>
#include <sys/resource.h>

#include "history/reader.hpp"

namespace {

using namespace gauntlet;

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

struct Usage {
  double cpu_s;
  double peak_mib;  ///< of the process so far
};

Usage usage() {
  rusage used = {};
  getrusage(RUSAGE_SELF, &used);
  return {seconds_of(used.ru_utime) + seconds_of(used.ru_stime),
          static_cast<double>(used.ru_maxrss) / 1024};
}

std::size_t operations_of(const History& history) {
  std::size_t count = 0;
  for (EventIndex i = 0; i < history.size(); ++i)
    count += history.type(i) == OperationType::invoke ? 1 : 0;
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const Usage before = usage();
    const auto read = read_history(argv[i]);
    const Usage after = usage();
    if (!read) {
      fmt::print(stderr, "{}\n", read.error().to_string());
      return static_cast<int>(exit_code_of(read.error()));
    }
    const std::size_t operations = operations_of(read->history);
    fmt::print("{}: {} operations, {:.3f} CPU s, {:.1f} bytes an operation, peak {:.1f} MiB\n",
               argv[i], operations, after.cpu_s - before.cpu_s,
               static_cast<double>(read->history.memory_bytes()) /
                   static_cast<double>(std::max<std::size_t>(1, operations)),
               after.peak_mib);
  }
  return 0;
}
