#include "nemesis/agent/time_daemons.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <string_view>

#include "nemesis/agent/held_process.hpp"
#include "nemesis/agent/node_processes.hpp"
#include "nemesis/agent/shell.hpp"

namespace gauntlet::agent {

namespace {

constexpr std::string_view unit_word = "unit ", process_word = "process ";

bool keeps_time(pid_t pid) {
  constexpr std::array<std::string_view, 5> names = {"chronyd", "ntpd", "systemd-timesyncd",
                                                     "phc2sys", "ptp4l"};
  std::array<char, 4096> target{};
  const std::string link = "/proc/" + std::to_string(pid) + "/exe";
  const ssize_t size = readlink(link.c_str(), target.data(), target.size());
  if (size <= 0) return false;
  std::string_view name(target.data(), static_cast<std::size_t>(size));
  name = name.substr(name.rfind('/') + 1);
  name = name.substr(0, name.find(' '));  // " (deleted)"
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Safe within a shell script.
bool is_unit(std::string_view name) {
  return name.ends_with(".service") && name.find_first_not_of(
                                           "abcdefghijklmnopqrstuvwxyz"
                                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                           "0123456789@._-") == name.npos;
}

/// The service of systemd that a process belongs to; "" for none.
std::string unit_of(pid_t pid) {
  struct stat found {};
  if (stat("/run/systemd/system", &found) != 0) return "";
  std::ifstream groups("/proc/" + std::to_string(pid) + "/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t name = line.rfind('/') + 1;
    if (line.find(":/system.slice/") != line.npos && is_unit(line.substr(name)))
      return line.substr(name);
  }
  return "";
}

class MachineTimeDaemons : public TimeDaemons {
 public:
  std::vector<std::string> running() const override {
    std::vector<std::string> daemons;
    for (const pid_t pid : all_processes()) {
      if (!keeps_time(pid)) continue;
      std::string line = unit_of(pid);
      if (!line.empty()) {
        line.insert(0, unit_word);
      } else if (const auto process = HeldProcess::hold(pid)) {
        line = std::string(process_word) + process->text();
      }
      const bool is_new = std::find(daemons.begin(), daemons.end(), line) == daemons.end();
      if (!line.empty() && is_new) daemons.push_back(line);
    }
    return daemons;
  }
  std::string stop(const std::string& daemon) override { return tell(daemon, "stop", SIGSTOP); }
  std::string start(const std::string& daemon) override { return tell(daemon, "start", SIGCONT); }

 private:
  static std::string tell(const std::string& daemon, const std::string& verb, int signal) {
    if (daemon.starts_with(process_word)) {
      // One that is gone needs neither.
      const auto process = HeldProcess::from_text(daemon.substr(process_word.size()));
      if (process) process->send(signal);
      return "";
    }
    const std::string unit = daemon.starts_with(unit_word) ? daemon.substr(unit_word.size()) : "";
    if (!is_unit(unit)) return "there is no daemon '" + daemon + "'";
    const bool done = run_shell("systemctl " + verb + " -- " + unit + " >&2").succeeded;
    return done ? "" : "systemctl does not " + verb + " " + unit;
  }
};

}  // namespace

TimeDaemons& machine_time_daemons() {
  static MachineTimeDaemons daemons;
  return daemons;
}

}  // namespace gauntlet::agent
