#include "harness/control/daemon.hpp"

#include <algorithm>
#include <sstream>

#include "base/assert.hpp"

namespace gauntlet {

namespace {

/// For /bin/sh. Needs the variables pid_file and executable; /proc/PID/stat is "PID (NAME) STATE
/// ...", where NAME may hold anything, so fields are counted from the last ')'.
constexpr std::string_view functions = R"sh(
set -f
boot=$(cat /proc/sys/kernel/random/boot_id)
program=$(readlink -f "$executable")
state_of() {
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  set -- ${stat##*) }
  echo "$1"
}
# Succeeds, with pid, ticks and state set, if the daemon certainly runs.
find_daemon() {
  { read -r pid && read -r recorded; } 2>/dev/null <"$pid_file" || return 1
  case $pid in '' | *[!0-9]*) return 1 ;; esac
  stat=$(cat "/proc/$pid/stat" 2>/dev/null) || return 1
  set -- ${stat##*) }
  state=$1
  shift 19
  ticks=$1
  [ "$recorded" = "$ticks $boot" ] || return 1
  case $state in Z | X) return 1 ;; esac
  exe=$(readlink "/proc/$pid/exe") || return 1
  [ -n "$program" ] && [ "${exe% (deleted)}" = "$program" ]
}
# Prints the pids of the children that run the program, if they belong to the daemon.
children() {
  [ "$with_children" = 1 ] || return 0
  for child in $(cat "/proc/$pid/task/$pid/children" 2>/dev/null); do
    exe=$(readlink "/proc/$child/exe") || continue
    [ "${exe% (deleted)}" = "$program" ] && echo "$child"
  done
  return 0
}
lock() {
  exec 9>>"$pid_file.lock"
  flock -w 30 9 || { echo "another start or stop of it hangs" >&2; exit 75; }
}
# Waits up to $1 tenths of a second for the end of the daemon.
await_end() {
  left=$1
  while find_daemon; do
    [ "$left" -gt 0 ] || return 1
    left=$((left - 1))
    sleep 0.1
  done
  rm -f "$pid_file"
}
)sh";

/// Becomes the program, after it has written who it is: arguments pid_file, then those of env.
constexpr std::string_view become_program = R"sh(
set -f
cd /
pid_file=$1
shift
ticks=$(set -- $(sed 's/.*) //' /proc/$$/stat); shift 19; echo "$1")
printf '%s\n%s %s\n' $$ "$ticks" "$(cat /proc/sys/kernel/random/boot_id)" >"$pid_file.new" &&
  mv "$pid_file.new" "$pid_file" && exec env -i "$@"
)sh";

constexpr const char* search_path =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

constexpr std::string_view start_and_wait = R"sh( 9>&- </dev/null >>"$log_file" 2>&1 &
left=100
while ! find_daemon; do
  case $(state_of $!) in '' | Z | X) echo "it ended at once" >&2; exit 70 ;; esac
  [ "$left" -gt 0 ] || { kill -KILL $!; echo "it did not become the program" >&2; exit 70; }
  left=$((left - 1))
  sleep 0.05
done
)sh";

constexpr std::string_view report = R"sh(
find_daemon || { echo stopped; exit 0; }
echo "running $pid $ticks $state"
for child in $(children); do
  stat=$(cat "/proc/$child/stat" 2>/dev/null) || continue
  set -- ${stat##*) }
  shift 19
  echo "$child $1"
done
)sh";

constexpr std::string_view terminate = R"sh(
find_daemon || exit 0
lock
find_daemon && family=$(children) && kill -"$signal" "$pid" && kill -CONT "$pid" $family
await_end "$tenths" && exit 0
)sh";

constexpr std::string_view kill_and_wait = R"sh(
find_daemon || exit 0
lock
family=
if find_daemon; then
  kill -STOP "$pid"  # it shall not bear more meanwhile
  family=$(children)
  kill -KILL "$pid" $family 2>/dev/null
fi
await_child() {
  left=50
  while case $(state_of "$1") in '' | Z | X) false ;; esac && [ "$left" -gt 0 ]; do
    left=$((left - 1))
    sleep 0.1
  done
}
for child in $family; do await_child "$child"; done
await_end 100 || { echo "it runs on after SIGKILL" >&2; exit 1; }
)sh";

std::string folder_of(const std::string& path) {
  GAUNTLET_ASSERT(path.starts_with('/'));
  return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
}

Result<DaemonStatus> parse_status(const std::string& output) {
  std::istringstream in(output);
  std::string word;
  in >> word;
  DaemonStatus status;
  if (word == "stopped") return status;
  status.running = word == "running";
  in >> status.pid >> status.start_ticks >> status.state;
  if (!status.running || !in)
    return failure(ErrorKind::remote, "a daemon's status could not be read");
  for (ChildProcess child; in >> child.pid >> child.start_ticks && child.pid > 1;)
    status.children.push_back(child);
  return status;
}

/// Runs a script as root; `verb` and the program are what logs and errors call it.
Result<CommandResult> run_script(Node& node, const ProcessIdentity& identity, std::string_view verb,
                                 std::string_view script,
                                 std::chrono::milliseconds timeout = std::chrono::seconds(50)) {
  Command command = Command::shell("pid_file=" + shell_quote(identity.pid_file) +
                                   "\nexecutable=" + shell_quote(identity.executable) +
                                   "\nwith_children=" + (identity.with_children ? "1" : "0") +
                                   std::string(functions) + std::string(script));
  command.label = std::string(verb) + " " + identity.executable;
  return node.must(std::move(command).root().within(timeout));
}

}  // namespace

Result<void> start_daemon(Node& node, const Daemon& daemon) {
  std::string script = "log_file=" + shell_quote(daemon.log_file) + "\n";
  script += "mkdir -p " + shell_quote(folder_of(daemon.identity.pid_file)) + " " +
            shell_quote(folder_of(daemon.log_file)) + " && lock || exit\n";
  script += "find_daemon && exit 0\n";
  script += "[ -x \"$executable\" ] || { echo \"no program $executable\" >&2; exit 127; }\n";
  script += "setsid sh -c " + shell_quote(become_program) + " sh \"$pid_file\" " + search_path;
  for (const auto& variable : daemon.environment)
    script += " " + shell_quote(variable);
  if (!daemon.user.empty()) {
    const std::string user = shell_quote(daemon.user);
    script += " setpriv --reuid=" + user + " --regid=" + user + " --init-groups --";
  }
  script += " \"$executable\"";
  for (const auto& argument : daemon.arguments)
    script += " " + shell_quote(argument);
  script += start_and_wait;

  const auto started = run_script(node, daemon.identity, "start", script);
  if (started) return {};
  Error error = started.error();
  if (const std::string log = last_log_lines(node, daemon.log_file); !log.empty())
    error.what += "; its log ends: " + log;
  return error;
}

Result<DaemonStatus> daemon_status(Node& node, const ProcessIdentity& identity) {
  const auto result = run_script(node, identity, "look for", report);
  if (!result) return result.error();
  return parse_status(result->output);
}

Result<void> stop_daemon(Node& node, const ProcessIdentity& identity, std::chrono::seconds grace,
                         std::string_view signal) {
  const std::string script = "signal=" + shell_quote(signal) +
                             "\ntenths=" + std::to_string(grace.count() * 10) +
                             std::string(terminate) + std::string(kill_and_wait);
  const auto result = run_script(node, identity, "stop", script, grace + std::chrono::seconds(50));
  if (!result) return result.error();
  return {};
}

Result<void> kill_daemon(Node& node, const ProcessIdentity& identity) {
  const auto result = run_script(node, identity, "kill", kill_and_wait);
  if (!result) return result.error();
  return {};
}

std::string last_log_lines(Node& node, const std::string& path, int lines) {
  constexpr int line_bytes_max = 300;
  const auto result =
      node.run(Command::shell("tail -n " + std::to_string(lines) + " -- " + shell_quote(path) +
                              " | cut -c 1-" + std::to_string(line_bytes_max))
                   .root());
  if (!result || !result->succeeded()) return {};
  std::istringstream in(result->output);
  std::string joined;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    joined += (joined.empty() ? "" : " | ") + line;
  }
  return joined;
}

}  // namespace gauntlet
