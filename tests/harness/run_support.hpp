// What the tests of the run loop share: clients that misbehave, and what every history must
// satisfy.
#pragma once

#include <doctest/doctest.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "harness/generator/generators.hpp"
#include "harness/run/run.hpp"

namespace gauntlet {

class Memory : public EventSink {
 public:
  void on_event(const Operation& event) override { events.push_back(event); }
  std::vector<Operation> events;
};

class FunctionClient : public Client {
 public:
  explicit FunctionClient(std::function<void(Operation&, Deadline)> f) : f_(std::move(f)) {}
  void invoke(Operation& operation, Deadline deadline) override { f_(operation, deadline); }

 private:
  std::function<void(Operation&, Deadline)> f_;
};

inline void succeed(Operation& operation, Deadline) {
  operation.type = OperationType::ok;
}

/// Every worker's client does `f`.
inline RunSetup setup_with(int concurrency, Memory& memory,
                           std::function<void(Operation&, Deadline)> f) {
  RunSetup setup;
  setup.concurrency = concurrency;
  setup.seed = 1;
  setup.sinks = {&memory};
  setup.open_client = [f = std::move(f)](Worker, Process) -> Result<ClientPtr> {
    return ClientPtr(std::make_unique<FunctionClient>(f));
  };
  return setup;
}

/// A door that tests open to let hung clients go, and a count of those that went through.
class Gate {
 public:
  void wait() {
    std::unique_lock guard(mutex_);
    changed_.wait(guard, [&] { return open_; });
    ++passed_;
    changed_.notify_all();
  }
  void open_and_await(int passed) {
    std::unique_lock guard(mutex_);
    open_ = true;
    changed_.notify_all();
    changed_.wait(guard, [&] { return passed_ >= passed; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int passed_ = 0;
};

/// Indices count up, times do not go back, a process has one operation outstanding at most and none
/// after an info, and every invocation has its completion.
inline void check_well_formed(const std::vector<Operation>& events) {
  std::map<Process, Operation> outstanding;
  std::set<Process> retired;
  std::string wrong;
  Nanos last_ns = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Operation& event = events[i];
    if (event.index != static_cast<std::int64_t>(i)) wrong = "index";
    if (event.time_ns < last_ns) wrong = "time";
    last_ns = event.time_ns;
    const auto before = outstanding.find(event.process);
    if (event.process == nemesis_process ? before == outstanding.end()
                                         : event.type == OperationType::invoke) {
      if (before != outstanding.end()) wrong = "two outstanding";
      if (retired.contains(event.process)) wrong = "a retired process";
      outstanding.emplace(event.process, event);
    } else {
      if (before == outstanding.end()) {
        wrong = "a completion of nothing";
      } else {
        const auto& invocation = before->second;
        if (invocation.f != event.f || !(invocation.key == event.key) ||
            invocation.node != event.node) {
          wrong = "a completion of another operation";
        }
        outstanding.erase(before);
      }
      if (event.type == OperationType::info && event.process != nemesis_process) {
        retired.insert(event.process);
      }
    }
    if (!wrong.empty()) break;
  }
  CHECK(wrong == "");
  CHECK(outstanding.empty());
}

}  // namespace gauntlet
