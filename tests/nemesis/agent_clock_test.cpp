// The agent's hold on the clocks of processes: on this program, once more, as the one that is
// lied to.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "nemesis/agent/process_clock.hpp"
#include "tests/temporary_folder.hpp"

extern char** environ;

namespace gauntlet::agent {

namespace {

constexpr std::int64_t second = 1'000'000'000;

/// What the process that is lied to sees: wall clocks as it is told, less the kernel's.
struct Seen {
  std::atomic<std::int64_t> gettime_ns, gettimeofday_ns, time_ns, monotonic_ns;
  std::atomic<std::int64_t> reads, signals;
};

std::int64_t ns_of(const timespec& time) {
  return std::int64_t{time.tv_sec} * second + time.tv_nsec;
}

std::int64_t kernel_ns(clockid_t clock) {
  timespec time{};
  syscall(SYS_clock_gettime, clock, &time);
  return ns_of(time);
}

Seen* map_seen(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(file >= 0);
  REQUIRE(ftruncate(file, sizeof(Seen)) == 0);
  void* memory = mmap(nullptr, sizeof(Seen), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  REQUIRE(memory != MAP_FAILED);
  close(file);
  return static_cast<Seen*>(memory);
}

Seen* seen_here = nullptr;

[[noreturn]] void read_clocks(Seen& seen) {
  while (true) {
    timespec time{}, monotonic{};
    timeval day{};
    clock_gettime(CLOCK_REALTIME, &time);
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    gettimeofday(&day, nullptr);
    const std::time_t seconds = std::time(nullptr);
    const std::int64_t now = kernel_ns(CLOCK_REALTIME);
    seen.gettime_ns = ns_of(time) - now;
    seen.gettimeofday_ns = std::int64_t{day.tv_sec} * second + day.tv_usec * 1000 - now;
    seen.time_ns = std::int64_t{seconds} * second - now;
    seen.monotonic_ns = ns_of(monotonic) - kernel_ns(CLOCK_MONOTONIC);
    ++seen.reads;
  }
}

class Victim {
 public:
  Victim() : seen(map_seen(folder_.path("seen"))) {
    const std::string program = std::filesystem::read_symlink("/proc/self/exe");
    std::string file = "GAUNTLET_TEST_SEEN=" + folder_.path("seen");
    std::string arguments[] = {program, "--test-case=process that is lied to", "--no-skip"};
    char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
    std::vector<char*> environment = {file.data()};
    for (char** variable = environ; *variable != nullptr; ++variable)
      environment.push_back(*variable);
    environment.push_back(nullptr);
    REQUIRE(posix_spawn(&pid, program.c_str(), nullptr, nullptr, argv, environment.data()) == 0);
    CHECK(comes([&] { return seen->reads > 100; }));
  }
  ~Victim() {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  bool lives() const { return waitpid(pid, nullptr, WNOHANG) == 0; }
  static bool comes(const std::function<bool()>& what) {
    for (int left = 1000; left > 0; --left) {
      if (what()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }
  bool sees(std::int64_t offset_ns) const {
    const auto near = [](std::int64_t a, std::int64_t b) { return std::abs(a - b) < 5 * second; };
    return comes([&] {
      return near(seen->gettime_ns, offset_ns) && near(seen->gettimeofday_ns, offset_ns) &&
             near(seen->time_ns, offset_ns) && near(seen->monotonic_ns, 0);
    });
  }

  pid_t pid = 0;

 private:
  TemporaryFolder folder_;

 public:
  Seen* seen;
};

/// Whether this machine lets us, as its containers do.
bool can_be_tried() {
  if (!no_clocks().empty()) {
    MESSAGE("skipped: " << no_clocks());
    return false;
  }
  return true;
}

}  // namespace

TEST_CASE("process that is lied to" * doctest::skip()) {
  const char* path = std::getenv("GAUNTLET_TEST_SEEN");
  REQUIRE(path != nullptr);
  seen_here = map_seen(path);
  alarm(120);  // should nobody be left to end it
  signal(SIGUSR1, [](int) { ++seen_here->signals; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([] { read_clocks(*seen_here); });
  read_clocks(*seen_here);
}

TEST_CASE("a process with four busy threads is lied to, and told the truth again") {
  if (!can_be_tried()) return;
  const Victim victim;
  REQUIRE(victim.sees(0));
  for (const std::int64_t offset_ns :
       {300 * second, -300 * second, 3600 * second, -3600 * second, 86'400 * second}) {
    CAPTURE(offset_ns);
    REQUIRE(set_clock_offset(victim.pid, offset_ns).empty());
    CHECK(clock_offset_of(victim.pid) == offset_ns);
    CHECK(victim.sees(offset_ns));
  }
  REQUIRE(restore_clock(victim.pid).empty());
  CHECK_FALSE(clock_offset_of(victim.pid).has_value());
  CHECK(victim.sees(0));
  CHECK(restore_clock(victim.pid).empty());
  CHECK(victim.lives());
}

TEST_CASE("clocks are set and cleared many times under load, and no signal is lost") {
  if (!can_be_tried()) return;
  const Victim victim;
  const int cycles = std::getenv("GAUNTLET_LONG") != nullptr ? 200 : 25;
  std::int64_t sent = 0;
  for (int i = 0; i < cycles; ++i) {
    REQUIRE(set_clock_offset(victim.pid, (i % 2 == 0 ? 1 : -1) * 300 * second) == "");
    kill(victim.pid, SIGUSR1);
    ++sent;
    CHECK(Victim::comes([&] { return victim.seen->signals == sent; }));
    REQUIRE(restore_clock(victim.pid).empty());
    REQUIRE(victim.lives());
  }
  CHECK_FALSE(clock_offset_of(victim.pid).has_value());
  CHECK(victim.sees(0));
}

TEST_CASE("a process that stands still is lied to when it goes on") {
  if (!can_be_tried()) return;
  const Victim victim;
  kill(victim.pid, SIGSTOP);
  REQUIRE(set_clock_offset(victim.pid, 300 * second).empty());
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::int64_t reads = victim.seen->reads;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(victim.seen->reads == reads);  // it stands still as before
  kill(victim.pid, SIGCONT);
  CHECK(victim.sees(300 * second));
  kill(victim.pid, SIGSTOP);
  REQUIRE(restore_clock(victim.pid).empty());
  kill(victim.pid, SIGCONT);
  CHECK(victim.sees(0));
}

TEST_CASE("clocks of processes that are not there are neither set nor missed") {
  if (!can_be_tried()) return;
  constexpr pid_t nobody = 1 << 30;
  CHECK_FALSE(set_clock_offset(nobody, second).empty());
  CHECK_FALSE(clock_offset_of(nobody).has_value());
  CHECK(restore_clock(nobody).empty());
}

}  // namespace gauntlet::agent
