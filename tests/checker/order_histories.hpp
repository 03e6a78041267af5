// Histories of reads and writes for the models without real time: random ones, and those of
// simulated stores of each level.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "tests/checker/histories.hpp"

namespace gauntlet::testing {

/// An access of a session; the time is its place in the list.
struct SessionStep {
  int session;
  bool is_write;
  int key;
  int value;  ///< 0: nil
  OperationType type = OperationType::ok;
};

inline History history_of(const std::vector<SessionStep>& steps) {
  std::vector<TestOperation> operations;
  std::map<int, int> crashes;  // a session goes on as another process
  int now = 0;
  for (const SessionStep& step : steps) {
    const Value value = step.value == 0 ? Value() : Value(step.value);
    TestOperation operation{step.session + 100 * crashes[step.session],
                            step.is_write ? "write" : "read",
                            step.is_write ? value : Value(),
                            value,
                            now,
                            now + 1,
                            step.type,
                            "k" + std::to_string(step.key)};
    operations.push_back(operation);
    if (step.type == OperationType::info || step.type == OperationType::invoke)
      ++crashes[step.session];
    now += 2;
  }
  return make_history(operations);
}

struct SessionShape {
  int steps = 6;
  int sessions = 3;
  int keys = 2;
  double write = 0.5;
  double crash = 0.0;
  double fail = 0.0;
};

/// Reads answer any value that is ever written to their key, or nil: most break everything.
inline std::vector<SessionStep> random_steps(Random& random, const SessionShape& shape) {
  std::vector<SessionStep> steps;
  std::map<int, std::vector<int>> written;  // by key
  for (int i = 0; i < shape.steps; ++i) {
    SessionStep step{static_cast<int>(random.below(shape.sessions)), random.chance(shape.write),
                     static_cast<int>(random.below(shape.keys)), i + 1};
    if (random.chance(shape.crash)) {
      step.type = random.chance(0.5) ? OperationType::info : OperationType::invoke;
    } else if (random.chance(shape.fail)) {
      step.type = OperationType::fail;
    }
    if (step.is_write) written[step.key].push_back(step.value);
    steps.push_back(step);
  }
  for (SessionStep& step : steps) {
    if (step.is_write) continue;
    const auto& values = written[step.key];
    const std::size_t at = random.below(values.size() + 1);
    step.value = at == values.size() ? 0 : values[at];
  }
  return steps;
}

enum class Store { sequential, causal_memory, causal_convergence, fifo };

/// A store with a replica for each session. Writes are delivered to the other replicas at random
/// times: in the order of each writer (fifo), or only after all that the writer had seen (causal).
/// A replica holds the write delivered last, or the one with the greatest stamp (convergence). The
/// sequential one has a single copy, which reads see with a delay of their session's own.
class SimulatedStore {
 public:
  SimulatedStore(Random& random, Store kind, const SessionShape& shape)
      : random_(random), kind_(kind), shape_(shape), replicas_(shape.sessions) {
    for (Replica& replica : replicas_)
      replica.delivered.assign(static_cast<std::size_t>(shape.sessions), 0);
  }

  std::vector<SessionStep> run() {
    std::vector<SessionStep> steps;
    for (int i = 0; i < shape_.steps; ++i) {
      deliver_some();
      const int session = static_cast<int>(random_.below(shape_.sessions));
      const int key = static_cast<int>(random_.below(shape_.keys));
      SessionStep step{session, random_.chance(shape_.write), key, i + 1};
      if (step.is_write) {
        write(session, key, step.value);
        if (random_.chance(shape_.crash)) step.type = OperationType::info;
      } else {
        const auto& values = replicas_[static_cast<std::size_t>(session)].values;
        const auto at = values.find(key);
        step.value = at == values.end() ? 0 : at->second.value;
      }
      steps.push_back(step);
    }
    return steps;
  }

 private:
  struct Write {
    int session, key, value;
    int stamp;
    std::vector<std::size_t> needs;  // deliveries of each session that the writer had seen
  };
  struct Replica {
    std::map<int, Write> values;         // by key
    std::vector<std::size_t> delivered;  // by session; sequential: of all, at [0]
    int stamp = 0;
  };

  void write(int session, int key, int value) {
    Replica& own = replicas_[static_cast<std::size_t>(session)];
    if (kind_ == Store::sequential) {
      log_.push_back({session, key, value, 0, {}});
      catch_up(own, log_.size());  // a session's write is behind all others
      return;
    }
    auto& sent = sent_[session];
    sent.push_back({session, key, value, ++own.stamp, own.delivered});
    apply(own, sent.back());
  }

  void apply(Replica& replica, const Write& write) {
    ++replica.delivered[static_cast<std::size_t>(write.session)];
    replica.stamp = std::max(replica.stamp, write.stamp);
    const auto [at, is_first] = replica.values.try_emplace(write.key, write);
    if (is_first) return;
    const auto rank = [](const Write& w) { return std::pair(w.stamp, w.session); };
    if (kind_ == Store::causal_convergence && rank(write) < rank(at->second)) return;
    at->second = write;
  }

  void catch_up(Replica& replica, std::size_t end) {
    for (std::size_t& done = replica.delivered[0]; done < end; ++done)
      replica.values[log_[done].key] = log_[done];
  }

  void deliver_some() {
    for (Replica& replica : replicas_) {
      if (!random_.chance(0.4)) continue;
      if (kind_ == Store::sequential) {
        const std::size_t left = log_.size() - replica.delivered[0];
        catch_up(replica, replica.delivered[0] + random_.below(left + 1));
        continue;
      }
      const auto from = static_cast<int>(random_.below(shape_.sessions));
      const auto& sent = sent_[from];
      const std::size_t next = replica.delivered[static_cast<std::size_t>(from)];
      if (next < sent.size() && may_deliver(replica, sent[next])) {
        const Write write = sent[next];
        apply(replica, write);
      }
    }
  }

  bool may_deliver(const Replica& replica, const Write& write) const {
    if (kind_ == Store::fifo) return true;
    for (std::size_t s = 0; s < write.needs.size(); ++s) {
      if (replica.delivered[s] < write.needs[s]) return false;
    }
    return true;
  }

  Random& random_;
  Store kind_;
  SessionShape shape_;
  std::vector<Replica> replicas_;
  std::map<int, std::vector<Write>> sent_;  // by session
  std::vector<Write> log_;
};

}  // namespace gauntlet::testing
