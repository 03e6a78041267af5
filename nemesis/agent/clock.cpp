// Module clock: puts the wall clocks of a daemon's processes off, and keeps them off.
//
//   put NAME SHAPE A B PIDFILE EXE [PIDFILE EXE]...   begins or replaces an injection of a shape
//                                  (clock_shape.hpp)
//   take NAME                      ends an injection
//   offsets PIDFILE EXE...         "PID:NS PID:NS" of what is off now
//
// Injections add up. Processes that a daemon starts, and a daemon that is started again, are looked
// for and put off within a moment. What is in place is found by looking at the code of processes,
// so no journal is needed: another agent can undo it.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "nemesis/agent/clock_shape.hpp"
#include "nemesis/agent/module.hpp"
#include "nemesis/agent/node_processes.hpp"
#include "nemesis/agent/process_clock.hpp"

namespace gauntlet::agent {

namespace {

using Monotonic = ClockShape::Monotonic;

constexpr std::chrono::milliseconds look_interval{200};  ///< for processes that are new

struct Injection {
  ClockShape shape;
  std::vector<DaemonName> daemons;
};

class Clock : public Module {
 public:
  ~Clock() override { end_thread(); }

  std::string_view name() const override { return "clock"; }

  Reply handle(const std::vector<std::string>& words) override {
    if (words.size() >= 7 && words[0] == "put") return put(words);
    if (words.size() == 2 && words[0] == "take") return take(words[1]);
    if (words.size() >= 3 && words[0] == "offsets") return {true, offsets(daemons_from(words, 1))};
    return refuse("clock: put, take or offsets?");
  }

  Reply heal() override {
    end_thread();
    injections_.clear();
    return restore_all();
  }

  std::string residue() override {
    std::string found;
    for (const pid_t pid : all_processes()) {
      if (!clock_offset_of(pid)) continue;
      found += (found.empty() ? "the clock is off of process " : ", ") + std::to_string(pid);
    }
    return found;
  }

 private:
  static std::vector<DaemonName> daemons_from(const std::vector<std::string>& words,
                                              std::size_t at) {
    std::vector<DaemonName> daemons;
    for (; at + 1 < words.size(); at += 2)
      daemons.push_back({words[at], words[at + 1]});
    return daemons;
  }

  static std::string offsets(const std::vector<DaemonName>& daemons) {
    std::string text;
    for (const DaemonName& daemon : daemons) {
      for (const pid_t pid : processes_of(daemon)) {
        if (const auto offset = clock_offset_of(pid)) {
          text += (text.empty() ? "" : " ") + std::to_string(pid) + ":" + std::to_string(*offset);
        }
      }
    }
    return text;
  }

  Reply put(const std::vector<std::string>& words) {
    if (const std::string why = no_clocks(); !why.empty()) return refuse(why);
    std::string error;
    const auto shape = ClockShape::parse(words[2], words[3], words[4], Monotonic::now(), error);
    if (!shape) return refuse(error);
    const Injection injection{*shape, daemons_from(words, 5)};
    std::unique_lock lock(mutex_);
    injections_[words[1]] = injection;
    const std::string failed = apply(Monotonic::now());
    const std::string in_place = offsets(injection.daemons);
    if (in_place.empty()) {
      injections_.erase(words[1]);
      lock.unlock();
      return refuse(failed.empty() ? "no process of it runs" : failed);
    }
    if (!thread_.joinable()) thread_ = std::thread([this] { keep(); });
    changed_.notify_all();
    return {true, in_place};
  }

  Reply take(const std::string& injection) {
    {
      const std::lock_guard lock(mutex_);
      injections_.erase(injection);
      if (!injections_.empty()) {
        const std::string failed = apply(Monotonic::now());
        return failed.empty() ? Reply{true, "taken out"} : refuse(failed);
      }
    }
    end_thread();
    return restore_all();
  }

  /// Looks again until none is found: a process may beget another while it waits for its turn.
  static Reply restore_all() {
    constexpr int rounds_max = 5;
    int count = 0;
    for (int round = 0;; ++round) {
      std::string failed;
      bool any = false;
      for (const pid_t pid : all_processes()) {
        if (!clock_offset_of(pid)) continue;
        any = true;
        const std::string why = restore_clock(pid);
        if (why.empty()) {
          ++count;
        } else {
          failed += "process " + std::to_string(pid) + ": " + why + "; ";
        }
      }
      if (!any) return {true, std::to_string(count) + " restored"};
      if (round == rounds_max) return refuse(failed.empty() ? "there are always others" : failed);
    }
  }

  /// Requires the lock. What could not be put off, and why. Processes of no injection any more are
  /// restored.
  std::string apply(Monotonic::time_point now) {
    std::map<pid_t, std::int64_t> wanted;
    for (const auto& [injection_name, injection] : injections_) {
      std::set<pid_t> pids;  // an injection counts once for each
      for (const DaemonName& daemon : injection.daemons) {
        for (const pid_t pid : processes_of(daemon))
          pids.insert(pid);
      }
      for (const pid_t pid : pids)
        wanted[pid] += injection.shape.offset_ns(now);
    }
    std::string failed;
    for (const auto& [pid, offset_ns] : wanted) {
      const std::string why = set_clock_offset(pid, offset_ns);
      if (!why.empty()) failed += "process " + std::to_string(pid) + ": " + why + "; ";
    }
    for (const pid_t pid : touched_) {
      if (!wanted.contains(pid)) restore_clock(pid);
    }
    touched_.clear();
    for (const auto& [pid, offset_ns] : wanted)
      touched_.insert(pid);
    looked_ = now;
    return failed;
  }

  /// Requires the lock: the offset of those that are known, without looking for others. A number
  /// that another process bears by now is left alone.
  void change(Monotonic::time_point now) {
    for (const pid_t pid : touched_) {
      if (!clock_offset_of(pid)) continue;
      std::int64_t offset_ns = 0;
      for (const auto& [injection_name, injection] : injections_)
        offset_ns += injection.shape.offset_ns(now);
      set_clock_offset(pid, offset_ns);
    }
  }

  void keep() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      const auto now = Monotonic::now();
      Monotonic::duration pause = look_interval;
      for (const auto& [injection_name, injection] : injections_)
        pause = std::min(pause, injection.shape.next_change(now).value_or(pause));
      changed_.wait_for(lock, pause);
      if (ending_ || injections_.empty()) continue;
      const auto then = Monotonic::now();
      const bool is_simple = injections_.size() == 1 && then - looked_ < look_interval;
      if (is_simple) {
        change(then);
      } else {
        apply(then);
      }
    }
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
  std::set<pid_t> touched_;
  Monotonic::time_point looked_{};
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace

GAUNTLET_REGISTER(Module, Clock);

}  // namespace gauntlet::agent
