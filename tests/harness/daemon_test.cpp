// The shell side of daemon.cpp, run on this machine in place of a node.
#include "harness/control/daemon.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/subprocess.hpp"

using namespace gauntlet;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// This machine as a node. "Root" is whoever runs the test.
class ThisMachine : public Node {
 public:
  const std::string& name() const override { return name_; }
  const std::string& address() const override { return name_; }
  Result<CommandResult> run(const Command& command) override {
    REQUIRE(command.argv.empty());
    const auto result =
        run_process({.argv = {"/bin/sh", "-c", command.script}, .timeout = command.timeout});
    if (!result) return result.error();
    return CommandResult{result->exit_code, result->signal, result->output, result->error_output};
  }
  Result<void> upload(std::string_view, const std::string&, int, bool) override { return unused(); }
  Result<void> download(const std::string&, const std::string&, std::size_t, bool) override {
    return unused();
  }

 private:
  static Error unused() { return failure(ErrorKind::internal, "unused"); }
  std::string name_ = "localhost";
};

std::string contents(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A folder and a daemon in it, both gone at the end.
struct Fixture {
  Fixture() {
    char pattern[] = "/tmp/gauntlet-daemon.XXXXXX";
    folder = mkdtemp(pattern);
    daemon.identity = {folder + "/run here/it's.pid", "/bin/sleep"};
    daemon.log_file = folder + "/log/out.log";
    daemon.arguments = {"60"};
  }
  ~Fixture() {
    (void)kill_daemon(node, daemon.identity);
    std::filesystem::remove_all(folder);
  }

  Result<void> start() { return start_daemon(node, daemon); }
  DaemonStatus status() {
    const auto result = daemon_status(node, daemon.identity);
    REQUIRE(result.has_value());
    return *result;
  }
  bool exists(std::int64_t pid) { return ::kill(static_cast<pid_t>(pid), 0) == 0; }

  ThisMachine node;
  std::string folder;
  Daemon daemon;
};

}  // namespace

TEST_CASE("a daemon is started once, found, and killed") {
  Fixture fixture;
  CHECK_FALSE(fixture.status().running);
  REQUIRE(fixture.start().has_value());
  const DaemonStatus first = fixture.status();
  CHECK(first.running);
  REQUIRE(fixture.start().has_value());
  CHECK(fixture.status().pid == first.pid);
  REQUIRE(kill_daemon(fixture.node, fixture.daemon.identity).has_value());
  CHECK_FALSE(fixture.status().running);
  CHECK_FALSE(std::filesystem::exists("/proc/" + std::to_string(first.pid) + "/exe"));
  REQUIRE(kill_daemon(fixture.node, fixture.daemon.identity).has_value());
  REQUIRE(fixture.start().has_value());
  CHECK(fixture.status().pid != first.pid);
  REQUIRE(stop_daemon(fixture.node, fixture.daemon.identity).has_value());
  CHECK_FALSE(fixture.status().running);
}

TEST_CASE("of several starts at once one wins") {
  Fixture fixture;
  const std::string unique = "9" + std::to_string(getpid());  // seconds, told by nobody else
  fixture.daemon.arguments = {unique};
  {
    std::array<std::jthread, 4> threads;
    for (auto& thread : threads)
      thread = std::jthread([&] { CHECK(fixture.start().has_value()); });
  }
  const auto found =
      fixture.node.run(Command::shell("pgrep -c -x -f " + shell_quote("/bin/sleep " + unique)));
  REQUIRE(found.has_value());
  CHECK(found->output == "1\n");
}

TEST_CASE("arguments and environment arrive as they are, and nothing else does") {
  Fixture fixture;
  fixture.daemon.identity.executable = "/bin/sh";
  fixture.daemon.arguments = {
      "-c", "printf '<%s>' \"$@\"; env; kill -STOP $$", "sh", "a b", "$HOME", "it's; *", ""};
  fixture.daemon.environment = {"NAME=a 'b' $c"};
  setenv("GAUNTLET_LEAK", "1", 1);
  REQUIRE(fixture.start().has_value());
  for (int i = 0; i < 100 && fixture.status().state != 'T'; ++i)
    std::this_thread::sleep_for(milliseconds(20));
  const std::string log = contents(fixture.daemon.log_file);
  CHECK(log.find("<a b><$HOME><it's; *><>") != std::string::npos);
  CHECK(log.find("NAME=a 'b' $c\n") != std::string::npos);
  CHECK(log.find("PATH=") != std::string::npos);
  CHECK(log.find("GAUNTLET_LEAK") == std::string::npos);
}

TEST_CASE("a program that ends at once is an error with its last words") {
  Fixture fixture;
  fixture.daemon.arguments = {"soon"};
  const auto started = fixture.start();
  REQUIRE(started.has_error());
  CHECK(started.error().what.find("invalid time interval") != std::string::npos);
  CHECK(started.error().what.find('\n') == std::string::npos);
  CHECK_FALSE(fixture.status().running);
}

TEST_CASE("a program that is absent is an error that names it") {
  Fixture fixture;
  fixture.daemon.identity.executable = "/nowhere/etcd";
  const auto started = fixture.start();
  REQUIRE(started.has_error());
  CHECK(started.error().what.find("/nowhere/etcd") != std::string::npos);
}

TEST_CASE("a process that is not ours is never touched") {
  Fixture fixture;
  REQUIRE(fixture.start().has_value());
  const DaemonStatus real = fixture.status();
  const std::string& pid_file = fixture.daemon.identity.pid_file;
  const std::string truth = contents(pid_file);
  const auto untouched = [&] {
    CHECK_FALSE(fixture.status().running);
    CHECK(kill_daemon(fixture.node, fixture.daemon.identity).has_value());
    CHECK(stop_daemon(fixture.node, fixture.daemon.identity).has_value());
    CHECK(fixture.exists(real.pid));
  };
  const std::string ticks = std::to_string(real.start_ticks);
  REQUIRE(truth.find(ticks) != std::string::npos);

  SUBCASE("another start time: the pid was reused") {
    std::string changed = truth;
    changed.replace(changed.find(ticks), ticks.size(), std::to_string(real.start_ticks - 1));
    std::ofstream(pid_file) << changed;
    untouched();
  }
  SUBCASE("another boot") {
    std::string changed = truth;
    changed[changed.size() - 2] = changed[changed.size() - 2] == '0' ? '1' : '0';
    std::ofstream(pid_file) << changed;
    untouched();
  }
  SUBCASE("another program") {
    fixture.daemon.identity.executable = "/bin/cat";
    untouched();
    fixture.daemon.identity.executable = "/bin/sleep";
  }
  SUBCASE("a pidfile that is broken") {
    for (const char* text :
         {"", "\n\n", "1\n", "-1\n5 x\n", "* /\n1 1\n", "$(id)\n1\n", "0\n0 0\n"}) {
      std::ofstream(pid_file) << text;
      untouched();
    }
    std::ofstream(pid_file) << real.pid << '\n';
    untouched();
  }
  std::ofstream(pid_file) << truth;
  CHECK(fixture.status().pid == real.pid);
}

TEST_CASE("a paused process is seen to be paused, and stopping reaches it") {
  Fixture fixture;
  REQUIRE(fixture.start().has_value());
  REQUIRE(::kill(static_cast<pid_t>(fixture.status().pid), SIGSTOP) == 0);
  for (int i = 0; i < 100 && fixture.status().state != 'T'; ++i)
    std::this_thread::sleep_for(milliseconds(20));
  CHECK(fixture.status().state == 'T');
  const Nanos start = monotonic_now();
  REQUIRE(stop_daemon(fixture.node, fixture.daemon.identity).has_value());
  CHECK(monotonic_now() - start < 5 * nanos_per_second);
  CHECK_FALSE(fixture.status().running);
}

TEST_CASE("a process that ignores SIGTERM is killed after the grace") {
  Fixture fixture;
  fixture.daemon.identity.executable = "/bin/bash";
  fixture.daemon.arguments = {"-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"};
  REQUIRE(fixture.start().has_value());
  for (int i = 0; i < 100 && contents(fixture.daemon.log_file).empty(); ++i)
    std::this_thread::sleep_for(milliseconds(20));
  const Nanos start = monotonic_now();
  REQUIRE(stop_daemon(fixture.node, fixture.daemon.identity, seconds(1)).has_value());
  CHECK(monotonic_now() - start >= nanos_per_second);
  CHECK_FALSE(fixture.status().running);
}

TEST_CASE("the last lines of a log are one line") {
  Fixture fixture;
  const std::string path = fixture.folder + "/a log";
  CHECK(last_log_lines(fixture.node, path).empty());
  std::ofstream(path) << "1\n2\n\n3\n" << std::string(5000, 'x') << "\n";
  const std::string lines = last_log_lines(fixture.node, path, 3);
  CHECK(lines.starts_with("3 | xxx"));
  CHECK(lines.size() < 400);
}
