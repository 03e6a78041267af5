#include "nemesis/agent/node_processes.hpp"

#include <dirent.h>
#include <limits.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string_view>

#include "base/integer.hpp"

namespace gauntlet::agent {

namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

constexpr std::size_t user_time = 11, system_time = 12, start_time = 19;  // fields 14, 15, 22

/// The fields of stat from the third on: state, parent, ... The name before may hold anything.
std::vector<std::string> stat_of(pid_t pid) {
  const std::string line = first_line("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t end = line.rfind(')');
  std::vector<std::string> fields;
  if (end == std::string::npos) return fields;
  std::istringstream rest(line.substr(end + 1));
  for (std::string field; rest >> field;)
    fields.push_back(field);
  return fields;
}

std::string resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&free)> real(realpath(path.c_str(), nullptr), &free);
  return real ? real.get() : "";
}

bool is_daemon(const DaemonName& daemon, pid_t& pid) {
  std::ifstream file(daemon.pid_file);
  std::string number, ticks, boot;
  if (!(file >> number >> ticks >> boot)) return false;
  const auto recorded = integer_from(number);
  if (!recorded || *recorded <= 1 || *recorded > INT_MAX) return false;
  pid = static_cast<pid_t>(*recorded);
  const auto fields = stat_of(pid);
  if (fields.size() <= start_time || fields[start_time] != ticks) return false;
  if (first_line("/proc/sys/kernel/random/boot_id") != boot) return false;
  const std::string executable = resolved("/proc/" + number + "/exe");
  return !executable.empty() && executable == resolved(daemon.executable);
}

}  // namespace

char state_of(pid_t pid) {
  const auto fields = stat_of(pid);
  const bool is_there = !fields.empty() && fields[0] != "Z" && fields[0] != "X";
  return is_there ? fields[0][0] : '-';
}

bool has_pending_stop(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  constexpr std::string_view field = "ShdPnd:\t";
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(field)) continue;
    const std::uint64_t signals = std::strtoull(line.c_str() + field.size(), nullptr, 16);
    return (signals >> (SIGSTOP - 1) & 1U) != 0;
  }
  return false;
}

std::optional<std::int64_t> start_ticks_of(pid_t pid) {
  const auto fields = stat_of(pid);
  if (fields.size() <= start_time) return std::nullopt;
  return integer_from(fields[start_time]);
}

std::int64_t cpu_ns_of(pid_t pid) {
  const auto fields = stat_of(pid);
  if (fields.size() <= start_time) return 0;
  const std::int64_t ticks =
      integer_from(fields[user_time]).value_or(0) + integer_from(fields[system_time]).value_or(0);
  return ticks * (1'000'000'000 / sysconf(_SC_CLK_TCK));
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  DIR* const folder = opendir("/proc");
  if (folder == nullptr) return pids;
  while (const dirent* const entry = readdir(folder)) {
    if (const auto pid = integer_from(entry->d_name)) pids.push_back(static_cast<pid_t>(*pid));
  }
  closedir(folder);
  return pids;
}

std::vector<pid_t> processes_of(const DaemonName& daemon) {
  pid_t first = 0;
  return is_daemon(daemon, first) ? with_descendants(first) : std::vector<pid_t>();
}

std::vector<pid_t> with_descendants(pid_t first) {
  std::multimap<pid_t, pid_t> children;
  for (const pid_t pid : all_processes()) {
    const auto fields = stat_of(pid);
    if (fields.size() < 2 || fields[0] == "Z") continue;
    if (const auto parent = integer_from(fields[1])) {
      children.emplace(static_cast<pid_t>(*parent), pid);
    }
  }
  std::vector<pid_t> found{first};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [begin, end] = children.equal_range(found[i]);
    for (auto at = begin; at != end; ++at)
      found.push_back(at->second);
  }
  return found;
}

}  // namespace gauntlet::agent
