// The agent's modules that take from processes what they live on: on a program that sleeps.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "nemesis/agent/held_process.hpp"
#include "nemesis/agent/journal.hpp"
#include "nemesis/agent/module.hpp"
#include "nemesis/agent/node_processes.hpp"
#include "nemesis/agent_fault.hpp"
#include "tests/temporary_folder.hpp"

namespace gauntlet::agent {

namespace {

using std::chrono::milliseconds;

Module& module_named(std::string_view name) {
  const Module* const found = Registry<Module>::instance().find(name);
  REQUIRE(found != nullptr);
  return const_cast<Module&>(*found);
}

/// A program that sleeps, as a daemon with a pidfile; the agent's folder is a temporary one.
class Sleeper {
 public:
  explicit Sleeper(const char* program = "/bin/sleep", const char* argument = "60",
                   const char* script = nullptr)
      : before_(run_folder()) {
    run_folder() = folder_.path("");
    pid = fork();
    if (pid == 0) {
      execl(program, program, argument, script, nullptr);
      _exit(127);
    }
    REQUIRE(pid > 0);
    for (int i = 0; i < 200 && processes_of({pid_file(), program}).empty(); ++i) {
      std::string boot;
      std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
      std::ofstream(pid_file()) << pid << '\n' << start_ticks_of(pid).value_or(0) << ' ' << boot;
      std::this_thread::sleep_for(milliseconds(10));
    }
    REQUIRE_FALSE(processes_of({pid_file(), program}).empty());
  }
  ~Sleeper() {
    end();
    run_folder() = before_;
  }
  void end() {
    if (pid <= 0) return;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    pid = 0;
  }
  std::string pid_file() const { return folder_.path("pid"); }
  rlim_t soft_limit() const { return soft_limit_of(pid); }
  static rlim_t soft_limit_of(pid_t process) {
    rlimit limit{};
    REQUIRE(prlimit(process, RLIMIT_NOFILE, nullptr, &limit) == 0);
    return limit.rlim_cur;
  }
  /// Whether it is found in that state within a second.
  bool comes_to(bool stopped) const {
    for (int i = 0; i < 200; ++i) {
      if ((state_of(pid) == 'T') == stopped) return true;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return false;
  }

  pid_t pid = 0;

 private:
  const TemporaryFolder folder_;
  const std::string before_;
};

}  // namespace

TEST_CASE("duty-cycle: a process runs for its share, and goes on when it is taken") {
  Sleeper sleeper;
  Module& duty = module_named("duty-cycle");
  CHECK_FALSE(duty.handle({"put", "a", "0", "50", sleeper.pid_file(), "/bin/sleep"}).ok);
  CHECK_FALSE(duty.handle({"put", "a", "20", "50", "/nowhere", "/bin/sleep"}).ok);
  REQUIRE(duty.handle({"put", "a", "20", "50", sleeper.pid_file(), "/bin/sleep"}).ok);
  CHECK(sleeper.comes_to(true));
  CHECK(sleeper.comes_to(false));
  CHECK_FALSE(duty.residue().empty());
  std::this_thread::sleep_for(milliseconds(300));
  const Figures figures = figures_from(duty.handle({"take", "a"}).text);
  const double share = static_cast<double>(figure(figures, "ran_ns")) /
                       static_cast<double>(figure(figures, "watched_ns"));
  CHECK(share > 0.1);
  CHECK(share < 0.6);  // a machine may be busy
  CHECK(state_of(sleeper.pid) == 'S');
  CHECK(duty.residue().empty());
  CHECK(duty.handle({"take", "a"}).ok);
}

TEST_CASE("duty-cycle: what somebody else has stopped stays so") {
  Sleeper sleeper;
  Module& duty = module_named("duty-cycle");
  kill(sleeper.pid, SIGSTOP);
  REQUIRE(sleeper.comes_to(true));
  REQUIRE(duty.handle({"put", "a", "50", "20", sleeper.pid_file(), "/bin/sleep"}).ok);
  std::this_thread::sleep_for(milliseconds(100));
  CHECK(duty.handle({"take", "a"}).ok);
  CHECK(state_of(sleeper.pid) == 'T');
}

TEST_CASE("duty-cycle: what somebody else stops while it stands still stays so") {
  Sleeper sleeper;
  Module& duty = module_named("duty-cycle");
  REQUIRE(duty.handle({"put", "a", "1", "100", sleeper.pid_file(), "/bin/sleep"}).ok);
  REQUIRE(sleeper.comes_to(true));
  kill(sleeper.pid, SIGSTOP);
  for (int i = 0; i < 60; ++i) {
    CHECK(state_of(sleeper.pid) == 'T');
    std::this_thread::sleep_for(milliseconds(5));
  }
  CHECK(duty.handle({"take", "a"}).ok);
  CHECK(state_of(sleeper.pid) == 'T');
  kill(sleeper.pid, SIGCONT);
  CHECK(sleeper.comes_to(false));
}

TEST_CASE("duty-cycle: the journal of an agent that was killed is enough") {
  Sleeper sleeper;
  Module& duty = module_named("duty-cycle");
  kill(sleeper.pid, SIGSTOP);
  REQUIRE(sleeper.comes_to(true));
  const auto process = HeldProcess::hold(sleeper.pid);
  REQUIRE(process.has_value());
  REQUIRE(write_journal("duty-cycle", {process->text(), "1 5", "x"}).empty());
  CHECK(duty.residue() ==
        "stopped for a share of the time: process " + std::to_string(sleeper.pid));
  CHECK(duty.heal().ok);
  CHECK(sleeper.comes_to(false));
  CHECK(duty.residue().empty());
}

TEST_CASE("held processes are told from later ones of their number") {
  Sleeper sleeper;
  const auto process = HeldProcess::hold(sleeper.pid);
  REQUIRE(process.has_value());
  CHECK(HeldProcess::from_text(process->text()).has_value());
  CHECK_FALSE(HeldProcess::from_text(std::to_string(sleeper.pid) + " 1").has_value());
  for (const char* const wrong : {"", "1 1", "-1 5", "99999999999 1", "x y"}) {
    CAPTURE(wrong);
    CHECK_FALSE(HeldProcess::from_text(wrong).has_value());
  }
  const std::string text = process->text();
  sleeper.end();
  CHECK(process->state() == '-');
  CHECK_FALSE(process->send(0));
  CHECK_FALSE(HeldProcess::from_text(text).has_value());
}

TEST_CASE("open-files: the limit is lowered, and given back when the last injection is taken") {
  Sleeper sleeper;
  Module& files = module_named("open-files");
  const rlim_t before = sleeper.soft_limit();
  const std::vector<std::string> put = {"put", "a", "5", sleeper.pid_file(), "/bin/sleep"};
  REQUIRE(files.handle(put).ok);
  const rlim_t lowered = sleeper.soft_limit();
  CHECK(lowered < before);
  REQUIRE(files.handle(put).ok);
  CHECK(sleeper.soft_limit() == lowered);
  REQUIRE(files.handle({"put", "b", "1", sleeper.pid_file(), "/bin/sleep"}).ok);
  const Figures figures = figures_from(files.handle({"count", "b"}).text);
  CHECK(figure(figures, "processes") == 1);
  CHECK(static_cast<rlim_t>(figure(figures, "limit")) == lowered);
  CHECK(figure(figures, "open") + 5 == figure(figures, "limit"));
  CHECK(files.handle({"take", "a"}).ok);
  CHECK(sleeper.soft_limit() == lowered);
  CHECK_FALSE(files.residue().empty());
  CHECK(files.handle({"take", "b"}).ok);
  CHECK(sleeper.soft_limit() == before);
  CHECK(files.residue().empty());

  REQUIRE(files.handle(put).ok);
  CHECK(files.heal().ok);
  CHECK(sleeper.soft_limit() == before);
  CHECK_FALSE(files.handle({"put", "a", "-1", sleeper.pid_file(), "/bin/sleep"}).ok);
}

TEST_CASE("open-files: children that were forked meanwhile get the limit back, too") {
  const Sleeper parent("/bin/sh", "-c", "trap 'sleep 60 &' USR1; while :; do sleep 0.02; done");
  Module& files = module_named("open-files");
  const rlim_t before = parent.soft_limit();
  REQUIRE(files.handle({"put", "a", "20", parent.pid_file(), "/bin/sh"}).ok);
  const rlim_t low = parent.soft_limit();
  CHECK(low < before);
  kill(parent.pid, SIGUSR1);
  pid_t child = 0;
  for (int i = 0; i < 200 && child == 0; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    for (const pid_t each : with_descendants(parent.pid)) {
      std::ifstream file("/proc/" + std::to_string(each) + "/cmdline");
      std::string words;
      std::getline(file, words);
      if (words.starts_with("sleep") && words.find("60") != std::string::npos) child = each;
    }
  }
  REQUIRE(child > 0);
  CHECK(Sleeper::soft_limit_of(child) == low);
  CHECK(files.handle({"take", "a"}).ok);
  CHECK(parent.soft_limit() == before);
  CHECK(Sleeper::soft_limit_of(child) == before);
  kill(child, SIGKILL);
}

TEST_CASE("stress: threads compute and write until they are taken, and leave no file") {
  const Sleeper sleeper;  // for the agent's folder
  const TemporaryFolder folder;
  Module& stress = module_named("stress");
  REQUIRE(stress.handle({"put", "a", "cpu", "1"}).ok);
  REQUIRE(stress.handle({"put", "b", "io", folder.path("."), "1"}).ok);
  CHECK(stress.residue() == "kept busy: a, b");
  std::this_thread::sleep_for(milliseconds(200));
  CHECK(figure(figures_from(stress.handle({"take", "a"}).text), "cpu_ns") > 0);
  CHECK(figure(figures_from(stress.handle({"take", "b"}).text), "bytes") > 0);
  CHECK(std::filesystem::is_empty(folder.path(".")));
  CHECK(stress.residue().empty());
  CHECK_FALSE(stress.handle({"put", "c", "cpu", "0"}).ok);
  CHECK_FALSE(stress.handle({"put", "c", "io", "/nowhere", "1"}).ok);
  CHECK_FALSE(stress.handle({"put", "c", "io", "relative", "1"}).ok);
  CHECK(stress.residue().empty());
}

TEST_CASE("figures are read strictly") {
  const Figures figures = figures_from("a=1 b=x =2 c=-3 d= e f=4");
  CHECK(figure(figures, "a") == 1);
  CHECK(figure(figures, "c") == -3);
  CHECK(figure(figures, "f") == 4);
  CHECK_FALSE(figures.contains("b"));
  CHECK_FALSE(figures.contains("d"));
  CHECK_FALSE(figures.contains("e"));
}

}  // namespace gauntlet::agent
