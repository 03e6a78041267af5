#include "base/subprocess.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "base/descriptor.hpp"
#include "tests/result_printing.hpp"
#include "tests/temporary_folder.hpp"

using namespace gauntlet;
using std::chrono::milliseconds;

namespace {

LocalProgram shell(std::string script) {
  return LocalProgram{.argv = {"/bin/sh", "-c", std::move(script)}};
}

/// Far from what a busy machine takes, and from the sleeps below.
constexpr Nanos generous = 20 * nanos_per_second;

/// Whether there is such a process, other than one that has ended and waits to be reaped.
bool runs(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string stat((std::istreambuf_iterator<char>(file)), {});
  const auto end_of_name = stat.rfind(')');
  return end_of_name != std::string::npos && stat.at(end_of_name + 2) != 'Z';
}

/// Waits for a signal that was sent to show its effect.
bool ends_soon(int pid) {
  const Deadline deadline = Deadline::after(milliseconds(10'000));
  while (runs(pid) && !deadline.passed())
    std::this_thread::sleep_for(milliseconds(5));
  return !runs(pid);
}

std::size_t open_descriptors() {
  namespace fs = std::filesystem;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a process gives its streams and its exit code") {
  LocalProgram process = shell("cat; echo error >&2; exit 7");
  process.input = "given";
  const auto result = run_process(process);
  REQUIRE(result);
  CHECK(result->exit_code == 7);
  CHECK(result->signal.empty());
  CHECK(result->output == "given");
  CHECK(result->error_output == "error\n");
  CHECK_FALSE(result->truncated);
  CHECK_FALSE(result->succeeded());
}

TEST_CASE("arguments reach a process as they are") {
  const std::vector<std::string> arguments{"", " ", "$(id)", "a'b\"c", "\n", "-n", "\xff\x01"};
  LocalProgram process{.argv = {"printf", "%s|"}};
  process.argv.insert(process.argv.end(), arguments.begin(), arguments.end());
  std::string expected;
  for (const std::string& argument : arguments)
    expected += argument + "|";
  const auto result = run_process(process);
  REQUIRE(result);
  CHECK(result->output == expected);
}

TEST_CASE("a signal that ends a process is named") {
  const auto result = run_process(shell("kill -KILL $$"));
  REQUIRE(result);
  CHECK(result->exit_code == -1);
  CHECK(result->signal == "KILL");
}

TEST_CASE("a program that is not there is a missing resource") {
  const auto result = run_process(LocalProgram{.argv = {"no-such-program-anywhere"}});
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::resource);
  CHECK(result.error().what.find("no-such-program-anywhere") != std::string::npos);
}

TEST_CASE("output beyond the bound is dropped, and the process goes on") {
  LocalProgram process = shell("head -c 3000000 /dev/zero; echo done >&2; exit 3");
  process.output_bytes_max = 1000;
  const auto result = run_process(process);
  REQUIRE(result);
  CHECK(result->output.size() == 1000);
  CHECK(result->truncated);
  CHECK(result->exit_code == 3);
  CHECK(result->error_output == "done\n");
}

TEST_CASE("input larger than a pipe goes through while output comes back") {
  LocalProgram process{.argv = {"cat"}};
  process.input.assign(5'000'000, 'x');
  process.output_bytes_max = 10'000'000;
  const auto result = run_process(process);
  REQUIRE(result);
  CHECK(result->output == process.input);
}

TEST_CASE("a process that does not read its input is no error") {
  LocalProgram process{.argv = {"true"}};
  process.input.assign(5'000'000, 'x');
  const auto result = run_process(process);
  REQUIRE(result);
  CHECK(result->exit_code == 0);
}

TEST_CASE("the deadline ends a process and its children") {
  const TemporaryFolder folder;
  const std::string pid_file = folder.path("pid");
  LocalProgram process = shell("sleep 60 & echo $! >'" + pid_file + "'; wait");
  process.timeout = milliseconds(500);
  const Nanos start = monotonic_now();
  const auto result = run_process(process);
  CHECK(monotonic_now() - start < generous);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::timeout);
  int pid = 0;
  std::ifstream(pid_file) >> pid;
  REQUIRE(pid > 0);
  CHECK(ends_soon(pid));
}

TEST_CASE("the deadline ends children that ignore SIGTERM") {
  const TemporaryFolder folder;
  const std::string pid_file = folder.path("pid");
  LocalProgram process =
      shell("(trap '' TERM; while :; do sleep 0.05; done) & echo $! >'" + pid_file + "'; wait");
  process.timeout = milliseconds(500);
  REQUIRE_FALSE(run_process(process));
  int pid = 0;
  std::ifstream(pid_file) >> pid;
  REQUIRE(pid > 0);
  CHECK(ends_soon(pid));
}

TEST_CASE("a process that ignores SIGTERM is killed two seconds later") {
  LocalProgram process = shell("trap '' TERM; while :; do sleep 0.05; done");
  process.timeout = milliseconds(100);
  const Nanos start = monotonic_now();
  const auto result = run_process(process);
  const Nanos elapsed_ns = monotonic_now() - start;
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::timeout);
  CHECK(elapsed_ns >= 2 * nanos_per_second);
  CHECK(elapsed_ns < generous);
}

TEST_CASE("a process that never stops to write is ended by its deadline") {
  LocalProgram process{.argv = {"yes"}};
  process.timeout = milliseconds(300);
  process.output_bytes_max = 1000;
  const Nanos start = monotonic_now();
  const auto result = run_process(process);
  CHECK(monotonic_now() - start < generous);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::timeout);
}

TEST_CASE("a flag stops a process") {
  std::atomic<bool> stop{false};
  LocalProgram process{.argv = {"sleep", "60"}};
  process.stop = &stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(100));
    stop = true;
  });
  const Nanos start = monotonic_now();
  const auto result = run_process(process);
  CHECK(monotonic_now() - start < generous);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::interrupted);
}

TEST_CASE("what a process leaves in the background is neither waited for nor ended") {
  const Nanos start = monotonic_now();
  const auto result = run_process(shell("sleep 60 & echo $!"));
  CHECK(monotonic_now() - start < generous);
  REQUIRE(result);
  const int pid = std::stoi(result->output);
  REQUIRE(pid > 0);
  CHECK(runs(pid));
  kill(pid, SIGKILL);
}

TEST_CASE("a process starts with no descriptor but the standard ones and no signal blocked") {
  // Deliberately without close-on-exec.
  const Descriptor leak(open("/dev/null", O_RDONLY));
  REQUIRE(leak.open());
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto result = run_process(shell("ls /proc/$$/fd; exec grep SigBlk /proc/self/status"));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  REQUIRE(result);
  CHECK(result->output == "0\n1\n2\nSigBlk:\t0000000000000000\n");
}

TEST_CASE("a process dies with the one that started it, where that is asked for") {
  const TemporaryFolder folder;
  const std::string file = folder.path("pid");
  const pid_t starter = ::fork();
  if (starter == 0) {
    LocalProgram program = shell("echo $$ >'" + file + "'; exec sleep 60");
    program.dies_with_us = true;
    (void)run_process(program);
    ::_exit(0);
  }
  int started = 0;
  for (const Deadline deadline = Deadline::after(milliseconds(10'000)); !deadline.passed();) {
    if (std::ifstream(file) >> started) break;
    std::this_thread::sleep_for(milliseconds(5));
  }
  REQUIRE(started > 0);
  CHECK(runs(started));
  ::kill(starter, SIGKILL);
  ::waitpid(starter, nullptr, 0);
  CHECK(ends_soon(started));
}

TEST_CASE("a program that is not there and would die with us is a missing resource") {
  LocalProgram program;
  program.argv = {"gauntlet-no-such-program"};
  program.dies_with_us = true;
  const auto result = run_process(program);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::resource);
  CHECK(result.error().what.find("gauntlet-no-such-program") != std::string::npos);
}

TEST_CASE("no descriptor and no child is left behind, whatever happens") {
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    (void)run_process(shell("exit 1"));
    (void)run_process(LocalProgram{.argv = {"no-such-program-anywhere"}});
  }
  LocalProgram process = shell("exec sleep 5");
  process.timeout = milliseconds(20);
  CHECK_FALSE(run_process(process));
  CHECK(open_descriptors() == before);
}

TEST_CASE("many threads run processes at once") {
  constexpr int threads_count = 8, runs = 15;
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    threads.reserve(threads_count);
    for (int t = 0; t < threads_count; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < runs; ++i) {
          LocalProgram process{.argv = {"cat"}};
          process.input = std::to_string(t * 1000 + i);
          const auto result = run_process(process);
          if (result && result->output == process.input) ++good;
        }
      });
    }
  }
  CHECK(good == threads_count * runs);
}
