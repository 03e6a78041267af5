// What isolation levels mean, by trying every order of the transactions: for histories of a few.
//
// Serializable: some order of the transactions that happened, one after another, gives all reads.
// Snapshot isolation: some order of commits, and for each transaction a prefix of it from which it
// reads, so that nobody between the prefix and its commit appended to what it appended to (Cerone,
// Bernardi and Gotsman, CONCUR 2015). Read committed: some order in which each read shows the list
// as it was behind some transaction before its own (Adya 1999, PL-2). Those that nobody knows of
// may have happened or not. Sessions and real time restrict orders and prefixes.
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "history/history.hpp"

namespace gauntlet::testing {

class TransactionOracle {
 public:
  enum class Level { read_committed, snapshot, serializable };
  enum class Order { none, process, realtime };

  explicit TransactionOracle(const History& history) {
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
        Micro m{parts[0].string() == "append", to_json(parts[1]), parts[2], {}};
        if (!m.appends && parts[2].is_list()) m.list = parts[2].items();
        t.micros.push_back(std::move(m));
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
    bool appends;
    std::string key;
    Value element;
    Value::List list;
  };
  struct Transaction {
    bool committed = false;
    Process process = 0;
    EventIndex invoked = 0;
    EventIndex completed = 0;
    std::vector<Micro> micros;

    bool appends_to(const std::string& key) const {
      return std::any_of(micros.begin(), micros.end(),
                         [&](const Micro& m) { return m.appends && m.key == key; });
    }
  };
  using State = std::map<std::string, Value::List>;

  bool precedes(const Transaction& a, const Transaction& b, Order order) const {
    if (order == Order::none || a.completed == no_event || a.completed >= b.invoked) return false;
    return order == Order::realtime || a.process == b.process;
  }

  /// Whether the transaction reads right from this state, with its own appends.
  static bool reads_from(const Transaction& t, State state) {
    for (const Micro& m : t.micros) {
      if (m.appends) {
        state[m.key].push_back(m.element);
      } else if (t.committed && m.list != state[m.key]) {
        return false;
      }
    }
    return true;
  }

  /// Each read by itself: the list behind some transaction before, or now with own appends.
  static bool reads_committed(const Transaction& t, const std::vector<State>& states) {
    State own = states.back();
    for (const Micro& m : t.micros) {
      if (m.appends) {
        own[m.key].push_back(m.element);
        continue;
      }
      if (!t.committed || m.list == own[m.key]) continue;
      if (std::none_of(states.begin(), states.end(),
                       [&](State state) { return state[m.key] == m.list; })) {
        return false;
      }
    }
    return true;
  }

  bool fits(const std::vector<std::size_t>& sequence, Level level, Order order) const {
    std::vector<State> states{{}};
    for (std::size_t i = 0; i < sequence.size(); ++i) {
      const Transaction& t = all_[sequence[i]];
      std::size_t prefix_min = 0;  // it must see so many
      for (std::size_t j = 0; j < sequence.size(); ++j) {
        if (!precedes(all_[sequence[j]], t, order)) continue;
        if (j > i) return false;
        prefix_min = j + 1;
      }
      if (level == Level::read_committed) {
        if (!reads_committed(t, states)) return false;
      } else if (level == Level::serializable) {
        if (!reads_from(t, states.back())) return false;
      } else if (!has_snapshot(sequence, i, prefix_min, states)) {
        return false;
      }
      State next = states.back();
      for (const Micro& m : t.micros) {
        if (m.appends) next[m.key].push_back(m.element);
      }
      states.push_back(std::move(next));
    }
    return true;
  }

  bool has_snapshot(const std::vector<std::size_t>& sequence, std::size_t i, std::size_t prefix_min,
                    const std::vector<State>& states) const {
    const Transaction& t = all_[sequence[i]];
    for (std::size_t prefix = i + 1; prefix-- > prefix_min;) {
      if (prefix < i) {
        for (const Micro& m : t.micros) {
          if (m.appends && all_[sequence[prefix]].appends_to(m.key)) return false;
        }
      }
      if (reads_from(t, states[prefix])) return true;
    }
    return false;
  }

  std::vector<Transaction> all_;
};

}  // namespace gauntlet::testing
