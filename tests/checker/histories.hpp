// Small histories for tests: written out, random, and all of a given size.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "history/history.hpp"

namespace gauntlet::testing {

/// An operation of a test: invoked and completed at the given moments (all different).
struct TestOperation {
  int process;
  std::string f;
  Value value;   ///< of the invocation
  Value answer;  ///< of the completion
  int invoked;
  int completed;  ///< ignored if `type` is invoke: it never completes
  OperationType type = OperationType::ok;
  Value key = {};
};

inline History make_history(const std::vector<TestOperation>& operations) {
  struct Event {
    int at;
    Operation operation;
  };
  std::vector<Event> events;
  for (const TestOperation& test : operations) {
    Operation operation;
    operation.process = test.process;
    operation.f = test.f;
    operation.value = test.value;
    operation.key = test.key;
    operation.node = "n" + std::to_string(test.process % 5 + 1);
    operation.time_ns = test.invoked * nanos_per_millisecond;
    events.push_back({test.invoked, operation});
    if (test.type == OperationType::invoke) continue;
    operation.type = test.type;
    if (test.type == OperationType::ok) operation.value = test.answer;
    operation.time_ns = test.completed * nanos_per_millisecond;
    events.push_back({test.completed, operation});
  }
  std::sort(events.begin(), events.end(), [](auto& a, auto& b) { return a.at < b.at; });
  History history;
  for (Event& event : events) {
    event.operation.index = static_cast<std::int64_t>(history.size());
    history.append(event.operation);
  }
  if (!history.pair()) std::abort();
  return history;
}

/// What random register histories are made of.
struct RandomShape {
  int operations = 6;
  int processes = 3;
  int values = 3;
  double crash = 0.2;
  double read = 0.34, write = 0.33;  ///< the rest: compare-and-set
  double fail = 0.0;                 ///< share of failed operations
};

/// A random history of a cas-register: operations overlap at random, values are random, so most are
/// not linearizable unless small.
inline std::vector<TestOperation> random_operations(Random& random, const RandomShape& shape) {
  std::vector<TestOperation> operations;
  std::vector<int> process(static_cast<std::size_t>(shape.processes));
  std::vector<int> open(process.size(), -1);
  int next_process = shape.processes;
  for (std::size_t i = 0; i < process.size(); ++i)
    process[i] = static_cast<int>(i);
  const auto value = [&] { return static_cast<int>(random.below(shape.values)); };
  int now = 0, started = 0, running = 0;
  while (started < shape.operations || running > 0) {
    const std::size_t worker = random.below(process.size());
    ++now;
    if (open[worker] < 0) {
      if (started == shape.operations) continue;
      TestOperation operation{process[worker], "", {}, {}, now, 0};
      const double kind = random.fraction();
      if (kind < shape.read) {
        operation.f = "read";
        operation.answer = value();
      } else if (kind < shape.read + shape.write) {
        operation.f = "write";
        operation.value = operation.answer = value();
      } else {
        operation.f = "cas";
        operation.value = operation.answer = Value::list({value(), value()});
      }
      open[worker] = static_cast<int>(operations.size());
      operations.push_back(operation);
      ++started;
      ++running;
    } else {
      TestOperation& operation = operations[static_cast<std::size_t>(open[worker])];
      operation.completed = now;
      if (random.chance(shape.crash)) {
        operation.type = random.chance(0.5) ? OperationType::info : OperationType::invoke;
        process[worker] = next_process++;
      } else if (random.chance(shape.fail)) {
        operation.type = OperationType::fail;
      }
      open[worker] = -1;
      --running;
    }
  }
  return operations;
}

/// Operations of processes that use a real cas-register, each taking effect at a random moment
/// between its ends; crashed ones take effect or not. `lies` is the share of completed reads that
/// answer another value than they found. With values = 0 no value is set twice.
inline std::vector<TestOperation> simulated_operations(Random& random, const RandomShape& shape,
                                                       double lies) {
  std::vector<TestOperation> operations;
  std::vector<int> process(static_cast<std::size_t>(shape.processes));
  std::vector<int> open(process.size(), -1);
  std::vector<bool> done;
  int next_process = shape.processes, next_value = 1, state = 0, now = 0, started = 0, running = 0;
  for (std::size_t i = 0; i < process.size(); ++i)
    process[i] = static_cast<int>(i);
  const auto value = [&] {
    return shape.values == 0 ? next_value++ : static_cast<int>(random.below(shape.values));
  };
  const auto some_value = [&] {
    return static_cast<int>(random.below(shape.values == 0 ? next_value : shape.values));
  };
  const auto take_effect = [&](std::size_t i) {
    TestOperation& operation = operations[i];
    done[i] = true;
    if (operation.f == "read") {
      operation.answer = random.chance(lies) ? some_value() : state;
    } else if (operation.f == "write") {
      state = static_cast<int>(operation.value.integer());
    } else {
      // Succeeds, as a rule: what it expects is decided only now.
      if (random.chance(0.8)) operation.value.items()[0] = operation.answer.items()[0] = state;
      if (operation.value.items()[0] == Value(state)) {
        state = static_cast<int>(operation.value.items()[1].integer());
      } else {
        operation.type = OperationType::fail;
      }
    }
  };
  while (started < shape.operations || running > 0) {
    const std::size_t worker = random.below(process.size());
    ++now;
    if (open[worker] < 0) {
      if (started == shape.operations) continue;
      TestOperation operation{process[worker], "read", {}, {}, now, 0};
      const double kind = random.fraction();
      if (kind >= shape.read + shape.write) {
        operation.f = "cas";
        operation.value = operation.answer = Value::list({some_value(), value()});
      } else if (kind >= shape.read) {
        operation.f = "write";
        operation.value = operation.answer = value();
      }
      if (random.chance(shape.crash)) operation.type = OperationType::invoke;
      open[worker] = static_cast<int>(operations.size());
      operations.push_back(operation);
      done.push_back(false);
      ++started;
      ++running;
      continue;
    }
    const auto i = static_cast<std::size_t>(open[worker]);
    const bool crashes = operations[i].type == OperationType::invoke;
    if (!done[i] && (!crashes || random.chance(0.5))) {
      take_effect(i);
      continue;
    }
    if (crashes) {
      process[worker] = next_process++;
    } else {
      operations[i].completed = now;
    }
    open[worker] = -1;
    --running;
  }
  return operations;
}

/// Calls `visit` with the moments of every way in which `operations` operations can overlap, given
/// that they are invoked in their order: (2n-1)!! ways.
inline void for_all_overlaps(int operations,
                             const std::function<void(const std::vector<int>& invoked,
                                                      const std::vector<int>& completed)>& visit) {
  std::vector<int> invoked, completed(static_cast<std::size_t>(operations), -1);
  const std::function<void(int)> place = [&](int now) {
    if (now == 2 * operations) {
      visit(invoked, completed);
      return;
    }
    if (static_cast<int>(invoked.size()) < operations) {
      invoked.push_back(now);
      place(now + 1);
      invoked.pop_back();
    }
    for (std::size_t i = 0; i < invoked.size(); ++i) {
      if (completed[i] >= 0) continue;
      completed[i] = now;
      place(now + 1);
      completed[i] = -1;
    }
  };
  place(0);
}

}  // namespace gauntlet::testing
