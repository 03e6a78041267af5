// The oracle of the models without real time: each by its definition, for up to about 8 operations,
// by trying all orders and all choices of which crashed writes happened. It shares nothing with the
// checkers.
//
// The definitions are those of Bouajjani et al. (POPL 2017) with the smallest causal order, the
// closure of session order and reads-from: a larger one only has more to agree with. The session
// guarantees: those of session_guarantees.hpp, by all orders of the writes and all sets that a read
// may see.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "checker/causal/order_models.hpp"
#include "history/history.hpp"

namespace gauntlet::testing {

class OrderOracle {
 public:
  /// No value is written twice to a key; every key holds nil at the start.
  explicit OrderOracle(const History& history) {
    for (EventIndex i = 0; i < history.size(); ++i) {
      if (history.type(i) != OperationType::invoke) continue;
      const Operation invocation = history.operation(i);
      Row row{invocation.process, invocation.f == "write", to_json(invocation.key), "", false};
      const EventIndex completion = history.partner(i);
      const bool is_open =
          completion == no_event || history.type(completion) == OperationType::info;
      if (!is_open && history.type(completion) == OperationType::fail) continue;
      if (is_open && !row.is_write) continue;
      row.value = to_json(row.is_write ? invocation.value : history.operation(completion).value);
      row.crashed = is_open;
      all_.push_back(row);
    }
  }

  bool holds(causal::OrderModel model) {
    std::size_t crashed = 0;
    for (const Row& row : all_)
      crashed += row.crashed;
    for (std::size_t chosen = 0; chosen < std::size_t{1} << crashed; ++chosen) {
      rows_.clear();
      std::size_t bit = 0;
      for (const Row& row : all_) {
        if (!row.crashed || (chosen >> bit++ & 1u) != 0) rows_.push_back(row);
      }
      if (explains(model)) return true;
    }
    return false;
  }

 private:
  struct Row {
    int process;
    bool is_write;
    std::string key, value;
    bool crashed;
  };
  using Set = std::vector<bool>;

  bool explains(causal::OrderModel model) {
    using enum causal::OrderModel;
    const std::size_t n = rows_.size();
    session_.assign(n, Set(n, false));
    co_ = session_;
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = 0; b < n; ++b) {
        session_[a][b] = a < b && rows_[a].process == rows_[b].process;
        co_[a][b] =
            session_[a][b] || (rows_[a].is_write && !rows_[b].is_write &&
                               rows_[a].key == rows_[b].key && rows_[a].value == rows_[b].value);
      }
    }
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = 0; b < n; ++b)
          co_[a][b] = co_[a][b] || (co_[a][k] && co_[k][b]);
      }
    }
    if (model == pram) return pram_explains();
    if (model < pram) return guarantee_explains(model);
    for (std::size_t a = 0; a < n; ++a) {
      if (co_[a][a]) return false;
    }
    if (model == sequential) return order_exists(Set(n, true), session_, all_reads(), false);
    if (model == causal_convergence) return order_exists(Set(n, true), co_, all_reads(), true);
    for (std::size_t o = 0; o < n; ++o) {
      Set past(n, false), judged(n, false);
      for (std::size_t a = 0; a < n; ++a) {
        past[a] = a == o || co_[a][o];
        judged[a] = !rows_[a].is_write && (a == o || (model == causal_memory && session_[a][o]));
      }
      if (!order_exists(past, co_, judged, false)) return false;
    }
    return true;
  }

  bool pram_explains() {
    const std::size_t n = rows_.size();
    for (std::size_t o = 0; o < n; ++o) {
      Set kept(n, false), judged(n, false);
      for (std::size_t a = 0; a < n; ++a) {
        const bool own = rows_[a].process == rows_[o].process;
        kept[a] = rows_[a].is_write || own;
        judged[a] = !rows_[a].is_write && own;
      }
      if (!order_exists(kept, session_, judged, false)) return false;
    }
    return true;
  }

  bool guarantee_explains(causal::OrderModel guarantee) {
    std::vector<std::size_t> writes, order;
    for (std::size_t a = 0; a < rows_.size(); ++a) {
      if (rows_[a].is_write) writes.push_back(a);
    }
    std::vector<std::size_t> rank(rows_.size(), 0);
    std::sort(writes.begin(), writes.end());
    do {
      for (std::size_t i = 0; i < writes.size(); ++i)
        rank[writes[i]] = i;
      if (order_allows(guarantee, rank) && sets_exist(guarantee, writes, rank)) return true;
    } while (std::next_permutation(writes.begin(), writes.end()));
    return false;
  }

  bool finds(std::size_t read, std::size_t write) const {
    return rows_[write].is_write && rows_[write].key == rows_[read].key &&
           rows_[write].value == rows_[read].value;
  }

  /// What the guarantee asks of the order of writes.
  bool order_allows(causal::OrderModel guarantee, const std::vector<std::size_t>& rank) {
    using enum causal::OrderModel;
    const std::size_t n = rows_.size();
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = 0; b < n; ++b) {
        if (!rows_[b].is_write || !session_[a][b]) continue;
        if (guarantee == monotonic_writes && rows_[a].is_write && rank[a] >= rank[b]) return false;
        if (guarantee != writes_follow_reads || rows_[a].is_write) continue;
        for (std::size_t w = 0; w < n; ++w) {
          if (finds(a, w) && rank[w] >= rank[b]) return false;
        }
      }
    }
    return true;
  }

  /// Whether each read has a set of writes that the guarantee allows and that explains it.
  bool sets_exist(causal::OrderModel guarantee, const std::vector<std::size_t>& writes,
                  const std::vector<std::size_t>& rank) {
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      if (rows_[r].is_write) continue;
      bool exists = false;
      for (std::size_t bits = 0; bits < std::size_t{1} << writes.size() && !exists; ++bits) {
        Set set(rows_.size(), false);
        for (std::size_t i = 0; i < writes.size(); ++i)
          set[writes[i]] = (bits >> i & 1u) != 0;
        exists = shows(set, r, rank) && set_allows(guarantee, set, r);
      }
      if (!exists) return false;
    }
    return true;
  }

  bool shows(const Set& set, std::size_t read, const std::vector<std::size_t>& rank) const {
    std::string value = "null";
    std::size_t last = 0;
    for (std::size_t w = 0; w < rows_.size(); ++w) {
      if (!set[w] || rows_[w].key != rows_[read].key || rank[w] + 1 < last) continue;
      last = rank[w] + 1;
      value = rows_[w].value;
    }
    return value == rows_[read].value;
  }

  bool set_allows(causal::OrderModel guarantee, const Set& set, std::size_t read) const {
    using enum causal::OrderModel;
    for (std::size_t a = 0; a < rows_.size(); ++a) {
      for (std::size_t b = 0; b < rows_.size(); ++b) {
        const bool is_own = session_[a][read] && !set[a] && rows_[a].is_write;
        if (guarantee == read_your_writes && is_own) return false;
        if (guarantee == monotonic_reads && session_[a][read] && finds(a, b) && !set[b] &&
            !rows_[a].is_write)
          return false;
        if (!set[b]) continue;
        if (guarantee == monotonic_writes && session_[a][b] && rows_[a].is_write && !set[a])
          return false;
        if (guarantee != writes_follow_reads || !session_[a][b] || rows_[a].is_write) continue;
        for (std::size_t w = 0; w < rows_.size(); ++w) {
          if (finds(a, w) && !set[w]) return false;
        }
      }
    }
    return true;
  }

  Set all_reads() const {
    Set reads;
    for (const Row& row : rows_)
      reads.push_back(!row.is_write);
    return reads;
  }

  /// Whether the rows kept have an order that agrees with `relation` in which each read that is
  /// judged finds the last write of its key before it (of its causal past, where `by_past`).
  bool order_exists(const Set& kept, const std::vector<Set>& relation, const Set& judged,
                    bool by_past) {
    std::vector<std::size_t> order;
    Set placed(rows_.size(), false);
    const std::function<bool()> extend = [&] {
      bool done = true;
      for (std::size_t a = 0; a < rows_.size(); ++a)
        done = done && (!kept[a] || placed[a]);
      if (done) return true;
      for (std::size_t a = 0; a < rows_.size(); ++a) {
        if (!kept[a] || placed[a]) continue;
        bool is_next = true;
        for (std::size_t b = 0; b < rows_.size(); ++b)
          is_next = is_next && !(kept[b] && !placed[b] && relation[b][a]);
        if (!is_next) continue;
        if (judged[a] && found_by(a, order, by_past) != rows_[a].value) continue;
        order.push_back(a);
        placed[a] = true;
        if (extend()) return true;
        placed[a] = false;
        order.pop_back();
      }
      return false;
    };
    return extend();
  }

  std::string found_by(std::size_t read, const std::vector<std::size_t>& order, bool by_past) {
    std::string value = "null";
    for (const std::size_t a : order) {
      if (!rows_[a].is_write || rows_[a].key != rows_[read].key) continue;
      if (!by_past || co_[a][read]) value = rows_[a].value;
    }
    return value;
  }

  std::vector<Row> all_, rows_;
  std::vector<Set> session_, co_;
};

}  // namespace gauntlet::testing
