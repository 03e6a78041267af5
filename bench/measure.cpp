#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "bench/bench.hpp"

namespace gauntlet {

Measured measure(const std::function<std::vector<double>()>& work) {
  Measured result;
  int ends[2];
  if (pipe(ends) != 0) return result;
  std::fflush(nullptr);
  const Nanos started_ns = monotonic_now();
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    const std::vector<double> answers = work();
    const std::size_t bytes = answers.size() * sizeof(double);
    const bool told = write(ends[1], answers.data(), bytes) == static_cast<ssize_t>(bytes);
    _exit(told ? 0 : 1);
  }
  close(ends[1]);
  double answer = 0;
  while (child > 0 && read(ends[0], &answer, sizeof answer) == sizeof answer)
    result.answers.push_back(answer);
  close(ends[0]);
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child) return result;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  result.ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  result.wall_s = static_cast<double>(monotonic_now() - started_ns) * 1e-9;
  result.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  result.peak_bytes = static_cast<std::size_t>(usage.ru_maxrss) * 1024;
  return result;
}

double median(std::vector<double> values) {
  GAUNTLET_ASSERT(!values.empty());
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace gauntlet
