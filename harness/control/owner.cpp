#include "harness/control/owner.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/control/text.hpp"

namespace gauntlet {
namespace {

std::string read_word(const char* path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

std::string own_pid_namespace() {
  std::error_code code;
  return std::filesystem::read_symlink("/proc/self/ns/pid", code).string();
}

/// Field 22 of /proc/PID/stat; empty if there is no such process, or it has ended and only waits to
/// be reaped (states Z and X). Field 2 is a name in parentheses that may hold anything.
std::string start_of(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string stat((std::istreambuf_iterator<char>(file)), {});
  const auto end_of_name = stat.rfind(')');
  if (end_of_name == std::string::npos) return {};
  std::istringstream fields(stat.substr(end_of_name + 1));
  std::string field;
  fields >> field;
  if (field == "Z" || field == "X") return {};
  for (int number = 4; number <= 22; ++number)
    fields >> field;
  return field;
}

}  // namespace

Owner Owner::self(std::string run) {
  Owner owner;
  owner.run = std::move(run);
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  owner.host = host.data();
  owner.pid = getpid();
  owner.start = start_of(owner.pid);
  owner.boot = read_word("/proc/sys/kernel/random/boot_id");
  owner.pid_namespace = own_pid_namespace();
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  owner.since = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
  return owner;
}

std::string Owner::to_json() const {
  using nlohmann::json;
  const json document{{"run", run},     {"host", host}, {"pid", pid},
                      {"start", start}, {"boot", boot}, {"pid_namespace", pid_namespace},
                      {"since", since}};
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Owner> Owner::from_json(std::string_view text) {
  using nlohmann::json;
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object()) return std::nullopt;
  const auto field = [&](const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_string() ? one_line(found->get<std::string>())
                                                         : std::string();
  };
  const auto pid = document.find("pid");
  if (pid == document.end() || !pid->is_number_integer()) return std::nullopt;
  return Owner{field("run"),  field("host"),          pid->get<int>(), field("start"),
               field("boot"), field("pid_namespace"), field("since")};
}

bool Owner::certainly_dead() const {
  const Owner here = self("");
  if (host != here.host || boot.empty() || start.empty()) return false;
  // Another boot id under the same host name may be this machine before a reboot, or another
  // machine.
  if (boot != here.boot || pid_namespace != here.pid_namespace) return false;
  return start_of(pid) != start;
}

std::string Owner::to_string() const {
  return fmt::format("{} (pid {} on host {}, since {})", run.empty() ? "a run" : run, pid, host,
                     since);
}

}  // namespace gauntlet
