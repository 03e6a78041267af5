#include "nemesis/data_disk.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "harness/control/daemon.hpp"
#include "nemesis/agent_links.hpp"
#include "nemesis/script.hpp"

namespace gauntlet {

namespace {

constexpr std::string_view socket_path = disk::usual_socket;
constexpr const char* pid_file = "/run/gauntlet/disk.pid";
constexpr const char* log_file = "/var/log/gauntlet/disk.log";

Result<void> unmount(Node& node, const std::string& folder) {
  const auto unmounted = run_script(
      node, "unmount " + folder,
      fmt::format("folder={}\nwhile grep -q \" $folder fuse.gauntlet \" /proc/mounts; do\n"
                  "  umount \"$folder\" 2>/dev/null || umount -l \"$folder\" || exit\ndone\n",
                  shell_quote(folder)));
  if (!unmounted) return unmounted.error();
  return stop_daemon(node, {pid_file, agent_path()}, std::chrono::seconds(3));
}

/// Whether its daemon is there, even if it does not answer.
bool serves(Node& node) {
  const auto status = daemon_status(node, {pid_file, agent_path()});
  return status && status->running;
}

}  // namespace

std::string data_disk_backing(const std::string& folder) {
  return folder + ".disk";
}

std::string data_disk_socket() {
  return std::string(socket_path);
}

Result<void> mount_data_disk(Node& node, const std::string& folder) {
  if (data_disk_command(node, "status")) return {};
  if (auto installed = install_agent(node); !installed) return installed;
  if (auto gone = unmount(node, folder); !gone) return gone;
  const std::string backing = data_disk_backing(folder);
  const auto made = node.must(Command::of({"mkdir", "-p", "--", folder, backing}).root());
  if (!made) return made.error();
  Daemon daemon;
  daemon.identity = {pid_file, agent_path()};
  daemon.log_file = log_file;
  daemon.arguments = {"disk", folder, backing, "--socket", std::string(socket_path)};
  if (auto started = start_daemon(node, daemon); !started) return started;
  const auto mounted = run_script(
      node, "await the mount of " + folder,
      fmt::format(
          "for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do\n"
          "  {} disk-command {} status >/dev/null 2>&1 && exit 0\n  sleep 0.2\ndone\n"
          "echo 'the file system does not answer' >&2\nexit 1\n",
          agent_path(), socket_path));
  if (mounted) return {};
  return failure(ErrorKind::resource,
                 fmt::format("{}: {}; its log ends: {}", node.name(), mounted.error().what,
                             last_log_lines(node, log_file)),
                 "nodes need /dev/fuse and the capability SYS_ADMIN");
}

Result<bool> data_disk_mounted(Node& node, const std::string& folder) {
  const auto mounts = node.must(Command::of({"cat", "/proc/mounts"}));
  if (!mounts) return mounts.error();
  return mounts->output.find(" " + folder + " fuse.gauntlet ") != std::string::npos;
}

Result<void> remove_data_disk(Node& node, const std::string& folder) {
  if (auto gone = unmount(node, folder); !gone) return gone;
  const std::string backing = data_disk_backing(folder);
  const auto removed =
      node.must(Command::of({"rm", "-rf", "--", backing, backing + ".shadow"}).root());
  return removed ? Result<void>() : removed.error();
}

Result<std::string> data_disk_command(Node& node, const std::string& words) {
  // This version's program, or any: what one mounted another may command.
  const std::string program = agent_path();
  auto reply = run_script(
      node, "disk " + words,
      fmt::format("[ -S {0} ] || {{ echo 'no file system of ours is mounted' >&2; exit 1; }}\n"
                  "for p in {1} {2}/gauntlet-agent-*; do [ -x \"$p\" ] && break; done\n"
                  "reply=$(\"$p\" disk-command {0} {3} 2>&1) || "
                  "{{ echo \"$reply\" >&2; exit 1; }}\necho \"$reply\"\n",
                  socket_path, program, program.substr(0, program.rfind('/')), words));
  if (!reply) return reply.error();
  while (!reply->empty() && reply->back() == '\n')
    reply->pop_back();
  return reply->starts_with("ok ") ? reply->substr(3) : std::string();
}

Result<std::vector<disk::RuleStatus>> data_disk_rules(Node& node, std::string_view prefix) {
  const auto status = data_disk_command(node, "status");
  std::vector<disk::RuleStatus> rules;
  if (status) {
    rules = disk::rules_in(*status);
  } else if (status.error().kind != ErrorKind::remote || serves(node)) {
    return status.error();
  }
  std::erase_if(rules, [&](const auto& rule) { return !rule.id.starts_with(prefix); });
  return rules;
}

Result<std::vector<disk::RuleStatus>> remove_data_disk_rules(Node& node, std::string_view prefix) {
  const auto rules = data_disk_rules(node, prefix);
  if (!rules || rules->empty()) return rules;
  for (const auto& rule : *rules) {
    const auto removed = data_disk_command(node, "remove " + rule.id);
    if (!removed) return removed.error();
  }
  const auto left = data_disk_rules(node, prefix);
  if (!left) return left;
  if (!left->empty())
    return failure(ErrorKind::remote, "the disk still has the rule " + left->front().id);
  return rules;
}

std::optional<std::string> no_data_disk(const Cluster& cluster) {
  const auto nodes = cluster.nodes();
  const auto answers =
      on_each<std::string>(nodes, [](Node& node) { return data_disk_command(node, "status"); });
  if (std::ranges::any_of(answers, [](const auto& one) { return one.has_value(); })) return {};
  return "the database's data are on no file system of ours (--disk fuse)";
}

}  // namespace gauntlet
