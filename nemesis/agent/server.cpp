#include "nemesis/agent/server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include "base/integer.hpp"
#include "nemesis/agent/journal.hpp"
#include "nemesis/agent/module.hpp"
#include "nemesis/agent_wire.hpp"

namespace gauntlet::agent {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds lock_poll{50};
constexpr seconds lock_wait{5};

/// All modules; the registry holds them as const, since units usually have no state.
std::vector<Module*> modules(std::string_view only = {}) {
  std::vector<Module*> result;
  for (const Module* module : Registry<Module>::instance().all()) {
    if (only.empty() || module->name() == only) result.push_back(const_cast<Module*>(module));
  }
  return result;
}

/// The folder and the file whose lock says that an agent serves; it holds the pid of the one that
/// does. -1 where it cannot be opened.
int open_lock_file() {
  const std::string& folder = run_folder();
  for (std::size_t slash = folder.find('/', 1); slash != std::string::npos;
       slash = folder.find('/', slash + 1)) {
    mkdir(folder.substr(0, slash).c_str(), 0755);
  }
  mkdir(folder.c_str(), 0700);
  return open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

bool lock_within(int file, Clock::duration time) {
  const auto deadline = Clock::now() + time;
  while (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(lock_poll);
  }
  return true;
}

/// Who holds the lock may be trusted with the pid that it wrote: it lives, and is an agent.
pid_t holder(int file) {
  std::array<char, 32> text{};
  const ssize_t n = pread(file, text.data(), text.size() - 1, 0);
  const std::string_view line(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  return static_cast<pid_t>(integer_from(line.substr(0, line.find('\n'))).value_or(0));
}

std::string heal_modules(std::string_view only) {
  std::string failed;
  for (Module* module : modules(only)) {
    const Reply reply = module->heal();
    if (!reply.ok) failed += std::string(module->name()) + ": " + reply.text + "\n";
  }
  return failed;
}

Reply answer(const std::vector<std::string>& words) {
  if (words.empty()) return refuse("an empty request");
  if (words[0] == "ping") return {};
  for (Module* module : modules()) {
    if (module->name() != words[0]) continue;
    if (words.size() == 2 && words[1] == "heal") return module->heal();
    return module->handle({words.begin() + 1, words.end()});
  }
  return refuse("the agent has no module " + words[0]);
}

bool write_all(int output, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(output, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// Lines in, replies out, until something ends it.
void converse(int input, int output, int signals, seconds lease) {
  std::string pending;
  auto until = Clock::now() + lease;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
    if (left <= 0) return;
    std::array<pollfd, 2> polled{{{input, POLLIN, 0}, {signals, POLLIN, 0}}};
    if (poll(polled.data(), polled.size(), static_cast<int>(left)) < 0 && errno != EINTR) return;
    if (polled[1].revents != 0) return;
    if (polled[0].revents == 0) continue;
    std::array<char, 4096> buffer;
    const ssize_t n = read(input, buffer.data(), buffer.size());
    if (n <= 0) return;
    pending.append(buffer.data(), static_cast<std::size_t>(n));
    for (std::size_t end; (end = pending.find('\n')) != std::string::npos;) {
      const auto words = agent_words(std::string_view(pending).substr(0, end));
      pending.erase(0, end + 1);
      const Reply reply = words ? answer(*words) : refuse("a line that is no request");
      const std::string line = agent_line({reply.ok ? "ok" : "error", reply.text}) + "\n";
      if (!write_all(output, line)) return;
      until = Clock::now() + lease;
    }
    if (pending.size() > agent_line_bytes_max) return;
  }
}

int cannot(const char* what) {
  std::fprintf(stderr, "gauntlet-agent: %s\n", what);
  return 1;
}

}  // namespace

int serve(int input, int output, seconds lease) {
  sigset_t ends;
  sigemptyset(&ends);
  for (const int number : {SIGTERM, SIGHUP, SIGINT})
    sigaddset(&ends, number);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // threads of modules inherit it
  std::signal(SIGPIPE, SIG_IGN);
  const int signals = signalfd(-1, &ends, SFD_CLOEXEC);
  const int lock = open_lock_file();
  if (lock < 0 || signals < 0) return cannot("its folder /run/gauntlet/agent cannot be used");
  if (!lock_within(lock, lock_wait)) return cannot("another agent serves on this node");
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(lock, 0) != 0 ||
      pwrite(lock, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return cannot("its lock cannot be written");
  }
  const std::string left = heal_modules({});  // of one that was killed
  const bool greeted = write_all(output, agent_line({left.empty() ? "ok" : "error", left}) + "\n");
  if (greeted && left.empty()) converse(input, output, signals, lease);
  const std::string failed = heal_modules({});
  std::fputs(failed.c_str(), stderr);
  close(lock);
  close(signals);
  return failed.empty() ? 0 : 1;
}

int heal(const char* module) {
  const int lock = open_lock_file();
  if (lock < 0) return cannot("its folder /run/gauntlet/agent cannot be used");
  for (const int number : {SIGTERM, SIGKILL}) {
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) break;
    if (const pid_t other = holder(lock); other > 0) kill(other, number);
    if (lock_within(lock, lock_wait)) break;
  }
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) return cannot("another agent does not end");
  const std::string failed = heal_modules(module);
  std::fputs(failed.c_str(), stderr);
  close(lock);
  return failed.empty() ? 0 : 1;
}

int residue() {
  for (Module* module : modules()) {
    const std::string found = module->residue();
    if (!found.empty())
      std::printf("%s: %s\n", std::string(module->name()).c_str(), found.c_str());
  }
  return 0;
}

}  // namespace gauntlet::agent
