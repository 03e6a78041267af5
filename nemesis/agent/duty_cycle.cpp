// Module duty-cycle: lets a daemon's processes run for a share of each period only, by SIGSTOP and
// SIGCONT, as on a machine that others keep busy.
//
//   put NAME PERCENT PERIOD_MS PIDFILE EXE [PIDFILE EXE]...   begins or replaces an injection
//   count NAME    figures: what came of it so far
//   take NAME     the same, and ends it
//
// Where several injections concern a process, it runs while all of them let it. A process that
// somebody else has stopped is left as it is, and so is one that somebody else stops while it
// stands still by our doing: his SIGSTOP is pending until it goes on. Processes that are new are
// looked for all the while. The journal names all that may stand still by our doing.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/integer.hpp"
#include "nemesis/agent/held_process.hpp"
#include "nemesis/agent/journal.hpp"
#include "nemesis/agent/module.hpp"
#include "nemesis/agent/node_processes.hpp"

namespace gauntlet::agent {

namespace {

using Monotonic = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr std::string_view module_name = "duty-cycle";
constexpr std::chrono::milliseconds look_interval{200};  ///< for processes that are new

std::int64_t in_ns(Monotonic::duration duration) {
  return std::chrono::duration_cast<nanoseconds>(duration).count();
}

/// Unless somebody else stopped it while it stood still by our doing.
void resume(const HeldProcess& process) {
  if (!process.is_stopped() || !has_pending_stop(process.pid())) process.send(SIGCONT);
}

struct Injection {
  std::vector<DaemonName> daemons;
  Monotonic::duration period{}, running{};
  Monotonic::time_point begun = Monotonic::now();
  std::vector<pid_t> pids;               ///< when they were looked for last
  std::map<pid_t, std::int64_t> cpu_ns;  ///< of each when it was seen first
  double ran_ns = 0;                     ///< the mean of its processes
  std::int64_t watched_ns = 0;

  bool lets_run(Monotonic::time_point now) const { return (now - begun) % period < running; }
  Monotonic::time_point next_change(Monotonic::time_point now) const {
    const auto within = (now - begun) % period;
    return now - within + (within < running ? running : period);
  }
};

class DutyCycle : public Module {
 public:
  ~DutyCycle() override { end_thread(); }

  std::string_view name() const override { return module_name; }

  Reply handle(const std::vector<std::string>& words) override {
    if (words.size() >= 6 && words[0] == "put") return put(words);
    if (words.size() == 2 && words[0] == "count") return count(words[1]);
    if (words.size() == 2 && words[0] == "take") return take(words[1]);
    return refuse("duty-cycle: put, count or take?");
  }

  Reply heal() override {
    end_thread();
    injections_.clear();
    held_.clear();
    stopped_.clear();
    // What is in a journal that is not ours may stand still by the doing of an agent that was
    // killed.
    for (const std::string& line : read_journal(module_name)) {
      const auto process = noted_.empty() ? HeldProcess::from_text(line) : std::nullopt;
      if (process) resume(*process);
    }
    noted_.clear();
    const std::string failed = write_journal(module_name, {});
    return failed.empty() ? Reply{} : refuse(failed);
  }

  std::string residue() override {
    std::string found;
    for (const std::string& line : read_journal(module_name)) {
      if (const auto process = HeldProcess::from_text(line))
        found += (found.empty() ? "stopped for a share of the time: process " : ", ") +
                 std::to_string(process->pid());
    }
    return found;
  }

 private:
  Reply put(const std::vector<std::string>& words) {
    const auto percent = integer_from(words[2]);
    const auto period_ms = integer_from(words[3]);
    const bool sound = percent && *percent >= 1 && *percent <= 99 && period_ms &&
                       *period_ms >= 10 && *period_ms <= 10'000;
    if (!sound) return refuse("duty-cycle: 1 to 99 percent of 10 to 10000 ms?");
    Injection injection;
    injection.period = std::chrono::milliseconds(*period_ms);
    injection.running = injection.period * *percent / 100;
    for (std::size_t at = 4; at + 1 < words.size(); at += 2)
      injection.daemons.push_back({words[at], words[at + 1]});
    const std::lock_guard lock(mutex_);
    injections_[words[1]] = injection;
    if (const std::string failed = look(Monotonic::now()); !failed.empty()) {
      injections_.erase(words[1]);
      return refuse(failed);
    }
    if (injections_[words[1]].pids.empty()) {
      injections_.erase(words[1]);
      return refuse("no process of it runs");
    }
    if (!thread_.joinable()) {
      accounted_ = Monotonic::now();
      thread_ = std::thread([this] { keep(); });
    }
    changed_.notify_all();
    return {};
  }

  Reply count(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto at = injections_.find(name);
    if (at == injections_.end()) return refuse("duty-cycle: nothing of that name");
    Injection& injection = at->second;
    account(Monotonic::now());
    std::int64_t cpu_ns = 0;
    for (const auto& [pid, before] : injection.cpu_ns)
      cpu_ns += std::max<std::int64_t>(cpu_ns_of(pid) - before, 0);
    return {true, "processes=" + std::to_string(injection.pids.size()) +
                      " ran_ns=" + std::to_string(static_cast<std::int64_t>(injection.ran_ns)) +
                      " watched_ns=" + std::to_string(injection.watched_ns) +
                      " cpu_ns=" + std::to_string(cpu_ns)};
  }

  Reply take(const std::string& name) {
    const Reply figures = count(name);
    if (!figures.ok) return {};  // it is not there, as wanted
    std::unique_lock lock(mutex_);
    injections_.erase(name);
    act(Monotonic::now());
    const std::string failed = look(Monotonic::now());
    const bool is_last = injections_.empty();
    lock.unlock();
    if (is_last) end_thread();
    return failed.empty() ? figures : refuse(failed);
  }

  /// Requires the lock: holds what the injections concern now. What cannot be noted in the journal
  /// is not held, and so not stopped: why not, or "".
  std::string look(Monotonic::time_point now) {
    looked_ = now;
    std::map<pid_t, HeldProcess> held;
    for (auto& [name, injection] : injections_) {
      injection.pids.clear();
      for (const DaemonName& daemon : injection.daemons) {
        for (const pid_t pid : processes_of(daemon)) {
          const auto known = held_.find(pid);
          if (known != held_.end() && known->second.state() != '-') {
            held.insert(held_.extract(known));
          } else if (!held.contains(pid)) {
            auto process = HeldProcess::hold(pid);
            if (!process) continue;
            held.emplace(pid, std::move(*process));
          }
          injection.pids.push_back(pid);
          injection.cpu_ns.try_emplace(pid, cpu_ns_of(pid));
        }
      }
    }
    for (const auto& [pid, process] : held_) {
      if (stopped_.erase(pid) > 0) resume(process);
    }
    held_ = std::move(held);
    std::vector<std::string> lines;
    for (const auto& [pid, process] : held_)
      lines.push_back(process.text());
    if (lines == noted_) return "";
    std::string failed = write_journal(module_name, lines);
    if (failed.empty()) {
      noted_ = std::move(lines);
      return "";
    }
    resume_all();
    held_.clear();
    return failed;
  }

  /// Requires the lock: stops and resumes as the injections want it at `now`.
  void act(Monotonic::time_point now) {
    account(now);
    std::map<pid_t, bool> runs;
    for (const auto& [name, injection] : injections_) {
      for (const pid_t pid : injection.pids)
        runs.try_emplace(pid, true).first->second &= injection.lets_run(now);
    }
    for (const auto& [pid, process] : held_) {
      const auto wanted = runs.find(pid);
      const bool shall_run = wanted == runs.end() || wanted->second;
      if (shall_run && stopped_.erase(pid) > 0) resume(process);
      if (shall_run || stopped_.contains(pid) || process.is_stopped()) continue;
      if (process.send(SIGSTOP)) stopped_.insert(pid);
    }
  }

  /// Requires the lock: what ran since it was asked last.
  void account(Monotonic::time_point now) {
    const std::int64_t passed_ns = std::max<std::int64_t>(in_ns(now - accounted_), 0);
    accounted_ = now;
    for (auto& [name, injection] : injections_) {
      if (injection.pids.empty()) continue;
      const auto standing = std::count_if(injection.pids.begin(), injection.pids.end(),
                                          [&](pid_t pid) { return stopped_.contains(pid); });
      const double all = static_cast<double>(injection.pids.size());
      injection.ran_ns +=
          static_cast<double>(passed_ns) * (all - static_cast<double>(standing)) / all;
      injection.watched_ns += passed_ns;
    }
  }

  void keep() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      auto now = Monotonic::now();
      if (now - looked_ >= look_interval) (void)look(now);
      now = Monotonic::now();
      act(now);
      auto next = now + look_interval;
      for (const auto& [name, injection] : injections_)
        next = std::min(next, injection.next_change(now));
      changed_.wait_until(lock, next);
    }
    resume_all();
  }

  /// Requires the lock.
  void resume_all() {
    for (const auto& [pid, process] : held_) {
      if (stopped_.contains(pid)) resume(process);
    }
    stopped_.clear();
  }

  void end_thread() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    ending_ = false;
  }

  std::mutex mutex_;  ///< of all below but the thread
  std::condition_variable changed_;
  std::map<std::string, Injection> injections_;
  std::map<pid_t, HeldProcess> held_;
  std::set<pid_t> stopped_;  ///< by us
  std::vector<std::string> noted_;
  Monotonic::time_point looked_{}, accounted_{};
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace

GAUNTLET_REGISTER(Module, DutyCycle);

}  // namespace gauntlet::agent
