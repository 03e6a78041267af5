// What isolation levels mean for transactions on registers, by trying everything: for histories of
// a few.
//
// Serial: some order of the transactions that happened, one after another, gives all reads.
// Snapshot: some order of commits, and for each transaction a prefix of it from which it reads, so
// that nobody between the prefix and its commit wrote what it wrote. Prefix: the same without that.
// Parallel: some order of commits, and for each transaction a set of earlier ones that it sees,
// with all that these see and all earlier ones that wrote what it writes; it reads what was written
// last of what it sees (Cerone, Bernardi and Gotsman, CONCUR 2015). Those that nobody knows of may
// have happened or not. Sessions and real time restrict orders and prefixes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "history/history.hpp"

namespace gauntlet::testing {

class RegisterOracle {
 public:
  enum class Level { prefix, parallel, snapshot, serial };
  enum class Order { none, process, realtime };

  /// `keys`: which order of the writes of each key is respected besides.
  explicit RegisterOracle(const History& history, Value initial = {}, Order keys = Order::none)
      : initial_(std::move(initial)), keys_(keys) {
    for (EventIndex i = 0; i < history.size(); ++i) {
      if (history.type(i) != OperationType::invoke) continue;
      const EventIndex end = history.partner(i);
      const auto type = end == no_event ? OperationType::info : history.type(end);
      if (type == OperationType::fail) continue;
      Transaction t;
      t.committed = type == OperationType::ok;
      t.process = history.process(i);
      t.invoked = i;
      t.completed = t.committed ? end : no_event;
      const Value value = history.values().to_value(history.value(t.committed ? end : i));
      for (const Value& micro : value.items()) {
        const auto& parts = micro.items();
        t.micros.push_back({parts[0].string() == "w", to_json(parts[1]), parts[2]});
      }
      all_.push_back(std::move(t));
    }
  }

  bool allows(Level level, Order order) const {
    std::vector<std::size_t> uncertain;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (!all_[i].committed) uncertain.push_back(i);
    }
    for (std::size_t choice = 0; choice < (std::size_t{1} << uncertain.size()); ++choice) {
      std::vector<std::size_t> present;
      for (std::size_t i = 0; i < all_.size(); ++i) {
        const auto at = std::find(uncertain.begin(), uncertain.end(), i) - uncertain.begin();
        if (all_[i].committed || (choice >> at & 1) != 0) present.push_back(i);
      }
      do {
        if (fits(present, level, order)) return true;
      } while (std::next_permutation(present.begin(), present.end()));
    }
    return false;
  }

 private:
  struct Micro {
    bool writes;
    std::string key;
    Value value;
  };
  struct Transaction {
    bool committed = false;
    Process process = 0;
    EventIndex invoked = 0;
    EventIndex completed = 0;
    std::vector<Micro> micros;

    bool writes(const std::string& key) const {
      return std::any_of(micros.begin(), micros.end(),
                         [&](const Micro& m) { return m.writes && m.key == key; });
    }
    bool conflicts(const Transaction& other) const {
      return std::any_of(micros.begin(), micros.end(),
                         [&](const Micro& m) { return m.writes && other.writes(m.key); });
    }
  };
  using State = std::map<std::string, Value>;

  static bool precedes(const Transaction& a, const Transaction& b, Order order) {
    if (order == Order::none || a.completed == no_event || a.completed >= b.invoked) return false;
    return order == Order::realtime || a.process == b.process;
  }

  /// Whether the transaction reads right from this state, with its own writes; which go into it.
  bool runs(const Transaction& t, State& state) const {
    for (const Micro& m : t.micros) {
      if (m.writes) {
        state[m.key] = m.value;
        continue;
      }
      const auto at = state.find(m.key);
      if (t.committed && m.value != (at == state.end() ? initial_ : at->second)) return false;
    }
    return true;
  }

  void write(const Transaction& t, State& state) const {
    for (const Micro& m : t.micros) {
      if (m.writes) state[m.key] = m.value;
    }
  }

  bool fits(const std::vector<std::size_t>& sequence, Level level, Order order) const {
    for (std::size_t i = 0; i < sequence.size(); ++i) {
      for (std::size_t j = i + 1; j < sequence.size(); ++j) {
        const Transaction& later = all_[sequence[j]];
        const Transaction& earlier = all_[sequence[i]];
        if (precedes(later, earlier, keys_) && later.conflicts(earlier)) return false;
      }
    }
    if (level == Level::parallel) {
      std::vector<std::uint32_t> seen;
      return sees(sequence, order, seen);
    }
    std::vector<State> states{{}};
    for (std::size_t i = 0; i < sequence.size(); ++i) {
      const Transaction& t = all_[sequence[i]];
      std::size_t prefix_min = level == Level::serial ? i : 0;
      for (std::size_t j = 0; j < sequence.size(); ++j) {
        if (!precedes(all_[sequence[j]], t, order)) continue;
        if (j > i) return false;
        prefix_min = std::max(prefix_min, j + 1);
      }
      bool found = false;
      for (std::size_t prefix = i + 1; prefix-- > prefix_min && !found;) {
        const bool lost =
            level == Level::snapshot && prefix < i && all_[sequence[prefix]].conflicts(t);
        if (lost) break;
        State state = states[prefix];
        found = runs(t, state);
      }
      if (!found) return false;
      State next = states.back();
      write(t, next);
      states.push_back(std::move(next));
    }
    return true;
  }

  /// Chooses for one transaction after another which earlier ones it sees (bits by place).
  bool sees(const std::vector<std::size_t>& sequence, Order order,
            std::vector<std::uint32_t>& seen) const {
    const std::size_t i = seen.size();
    if (i == sequence.size()) return true;
    const Transaction& t = all_[sequence[i]];
    std::uint32_t needed = 0;
    for (std::size_t j = 0; j < sequence.size(); ++j) {
      const Transaction& other = all_[sequence[j]];
      if (j > i && precedes(other, t, order)) return false;
      if (j < i && (precedes(other, t, order) || other.conflicts(t))) needed |= 1u << j;
    }
    for (std::uint32_t set = 0; set < (1u << i); ++set) {
      if ((set & needed) != needed) continue;
      bool closed = true;
      State state;
      for (std::size_t j = 0; j < i; ++j) {
        if ((set >> j & 1) == 0) continue;
        closed = closed && (seen[j] & ~set) == 0;
        write(all_[sequence[j]], state);
      }
      if (!closed || !runs(t, state)) continue;
      seen.push_back(set);
      if (sees(sequence, order, seen)) return true;
      seen.pop_back();
    }
    return false;
  }

  Value initial_;
  Order keys_;
  std::vector<Transaction> all_;
};

}  // namespace gauntlet::testing
