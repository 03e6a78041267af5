#include "checker/transactional/weak_levels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <iterator>
#include <map>
#include <span>

#include "checker/transactional/dependency_graph.hpp"
#include "checker/transactional/tarjan.hpp"

namespace gauntlet {

namespace {

/// So many forced edges of each kind are tried for short cycles; beyond the first of a kind only
/// while so much was not done yet.
constexpr std::size_t tries_max = 200;
constexpr std::size_t visits_max = 1'000'000;

struct ExternalRead {
  KeyId key;
  Txn writer;  ///< the initial version: the number of transactions
  MicroId at;
};

struct Forced {
  Txn from, to, reader;
  KeyId key;
  Seen seen;
};

/// The writers of a key in one session, ascending.
struct Run {
  std::uint32_t session, begin, end;
};

class WeakJudging {
 public:
  WeakJudging(const RegisterTransactions& registers, WeakLevel level, bool with_sessions,
              std::span<const VersionStep> known, Effort& effort)
      : registers_(registers),
        all_(registers.transactions()),
        initial_(all_.size()),
        level_(level),
        with_sessions_(with_sessions),
        known_(known),
        effort_(effort) {}

  WeakJudgement run() {
    if (!collect()) return {};
    const std::vector<Txn> order = causal_order();
    if (stopped_) return {};
    if (order.size() < counted_) return conclude();  // what is seen has a cycle already
    if (!find_clocks(order) || !find_forced()) return {};
    return conclude();
  }

 private:
  // --- what is seen -----------------------------------------------------------------------------

  bool collect() {
    const Txn n = all_.size();
    constexpr std::size_t bytes_each = 32;
    if (!effort_.allows((std::size_t{n} + all_.micro_count()) * bytes_each)) return false;
    session_.resize(n);
    place_.assign(n, 0);
    previous_.assign(n, no_txn);
    sessions_ = with_sessions_ ? registers_.session_count() : n;
    std::vector<Txn> last(sessions_, no_txn);
    std::vector<std::uint32_t> length(sessions_, 0);
    for (Txn t = 0; t < n; ++t) {
      session_[t] = with_sessions_ ? registers_.session(t) : t;
      if (!registers_.counts(t)) continue;
      ++counted_;
      previous_[t] = last[session_[t]];
      last[session_[t]] = t;
      place_[t] = ++length[session_[t]];
    }
    read_first_.assign(1, 0);
    for (Txn t = 0; t < n; ++t) {
      for (MicroId m = all_.first(t); m < all_.end(t); ++m) {
        if (effort_.exhausted()) return false;
        if (registers_.source(m) != ReadSource::others || !is_first_read(t, m)) continue;
        const MicroId writer = registers_.writer(m);
        const Txn source = writer == initial_version ? initial_ : all_.owner(writer);
        reads_.push_back({all_.micro(m).key, source, m});
      }
      read_first_.push_back(static_cast<std::uint32_t>(reads_.size()));
    }
    return true;
  }

  /// Of a register it is the first of its transaction to touch the key; the read of a list tells
  /// what was there before its transaction's own appends, too.
  bool is_first_read(Txn t, MicroId m) const {
    if (registers_.is_external(m)) return true;
    const auto before = all_.micros(t).first(m - all_.first(t));
    return std::none_of(before.begin(), before.end(), [&](const Micro& micro) {
      return !micro.writes && micro.key == all_.micro(m).key;
    });
  }

  std::span<const ExternalRead> reads(Txn t) const {
    return std::span(reads_).subspan(read_first_[t], read_first_[t + 1] - read_first_[t]);
  }

  /// Calls back with each transaction that t sees at once.
  template <class Each>
  void each_before(Txn t, Each each) const {
    if (previous_[t] != no_txn) each(previous_[t]);
    for (const ExternalRead& read : reads(t)) {
      if (read.writer != initial_) each(read.writer);
    }
  }

  /// All that count in an order that agrees with session order and reads-from; fewer where that has
  /// a cycle. (Kahn 1962.)
  std::vector<Txn> causal_order() {
    const Txn n = all_.size();
    std::vector<std::uint32_t> first(n + 2, 0);
    std::vector<std::uint32_t> missing(n, 0);
    for (Txn t = 0; t < n; ++t)
      each_before(t, [&](Txn before) { ++first[before + 2], ++missing[t]; });
    for (Txn t = 0; t < n; ++t)
      first[t + 2] += first[t + 1];
    std::vector<Txn> after(first[n + 1]);
    for (Txn t = 0; t < n; ++t)
      each_before(t, [&](Txn before) { after[first[before + 1]++] = t; });
    std::vector<Txn> order;
    for (Txn t = 0; t < n; ++t) {
      if (registers_.counts(t) && missing[t] == 0) order.push_back(t);
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
      if ((stopped_ = effort_.exhausted())) break;
      for (std::uint32_t a = first[order[i]]; a < first[order[i] + 1]; ++a) {
        if (--missing[after[a]] == 0) order.push_back(after[a]);
      }
    }
    return order;
  }

  /// clock(t)[s]: how many transactions of session s are t's past. (Mattern, Fidge.)
  bool find_clocks(const std::vector<Txn>& order) {
    if (level_ != WeakLevel::causal) return true;
    const std::size_t cells = std::size_t{all_.size()} * sessions_;
    constexpr std::size_t cells_max = std::size_t{1} << 28;
    if (cells > cells_max || !effort_.allows(cells * sizeof(std::uint32_t))) return false;
    clocks_.assign(cells, 0);
    for (const Txn t : order) {
      if (effort_.exhausted()) return false;
      std::uint32_t* const own = clock(t);
      each_before(t, [&](Txn before) {
        const std::uint32_t* const its = clock(before);
        for (std::uint32_t s = 0; s < sessions_; ++s)
          own[s] = std::max(own[s], its[s]);
        own[session_[before]] = std::max(own[session_[before]], place_[before]);
      });
    }
    return true;
  }

  std::uint32_t* clock(Txn t) { return clocks_.data() + std::size_t{t} * sessions_; }

  bool is_in_past(Txn a, Txn b) {
    return !clocks_.empty() && b != initial_ && clock(b)[session_[a]] >= place_[a];
  }

  // --- edges ------------------------------------------------------------------------------------

  bool find_forced() {
    index_writes();
    std::vector<std::uint32_t> read_at(all_.key_count(), 0);  // in reads_, plus one
    for (Txn t = 0; t < all_.size(); ++t) {
      const auto own = reads(t);
      if (own.empty()) continue;
      for (std::uint32_t i = read_first_[t]; i < read_first_[t + 1]; ++i)
        read_at[reads_[i].key] = i + 1;
      const bool goes_on = by_reading(t, read_at) && by_past(t);
      for (const ExternalRead& read : own)
        read_at[read.key] = 0;
      if (!goes_on) return false;
    }
    return level_ != WeakLevel::read_atomic || !with_sessions_ || by_session();
  }

  void index_writes() {
    if (!write_first_.empty()) return;
    write_first_.assign(1, 0);
    for (Txn t = 0; t < all_.size(); ++t) {
      for (MicroId m = all_.first(t); m < all_.end(t) && registers_.counts(t); ++m) {
        if (registers_.is_final(m)) write_keys_.push_back(all_.micro(m).key);
      }
      const auto begin = write_keys_.begin() + static_cast<std::ptrdiff_t>(write_first_.back());
      std::sort(begin, write_keys_.end());
      write_first_.push_back(write_keys_.size());
    }
    if (level_ != WeakLevel::causal) return;
    run_first_.assign(1, 0);
    for (KeyId k = 0; k < all_.key_count(); ++k) {
      const auto begin = static_cast<std::ptrdiff_t>(writers_.size());
      for (const MicroId write : registers_.versions(k))
        writers_.push_back(all_.owner(write));
      std::stable_sort(writers_.begin() + begin, writers_.end(),
                       [&](Txn a, Txn b) { return session_[a] < session_[b]; });
      for (auto i = static_cast<std::uint32_t>(begin); i < writers_.size(); ++i) {
        const std::uint32_t session = session_[writers_[i]];
        const bool is_new = runs_.size() == run_first_.back() || runs_.back().session != session;
        if (is_new) runs_.push_back({session, i, i});
        runs_.back().end = i + 1;
      }
      run_first_.push_back(static_cast<std::uint32_t>(runs_.size()));
    }
  }

  std::span<const KeyId> written(Txn t) const {
    return std::span(write_keys_).subspan(write_first_[t], write_first_[t + 1] - write_first_[t]);
  }
  bool writes(Txn t, KeyId key) const {
    const auto keys = written(t);
    return std::binary_search(keys.begin(), keys.end(), key);
  }

  /// Leaves out what adds nothing; of a history that fails, what is in no cycle.
  void force(Txn from, Txn to, Txn reader, KeyId key, Seen seen) {
    if (from == to || from == reader) return;
    const bool is_needed = cyclic_ == nullptr
                               ? !is_in_past(from, to)
                               : to == initial_ || (*cyclic_)[from] == (*cyclic_)[to];
    if (is_needed) forced_.push_back({from, to, reader, key, seen});
  }

  bool by_reading(Txn t, const std::vector<std::uint32_t>& read_at) {
    const auto own = reads(t);
    for (const ExternalRead& seen : own) {
      const Txn writer = seen.writer;
      if (writer == initial_) continue;
      const auto keys = written(writer);
      const auto pair = [&](const ExternalRead& read) {
        const Seen how = seen.at < read.at ? Seen::monotonic : Seen::fractured;
        if (how == Seen::fractured && level_ == WeakLevel::monotonic_atomic_view) return;
        force(writer, read.writer, t, read.key, how);
      };
      if (effort_.exhausted()) return false;
      if (keys.size() < own.size()) {
        for (const KeyId key : keys) {
          if (read_at[key] != 0) pair(reads_[read_at[key] - 1]);
        }
      } else {
        for (const ExternalRead& read : own) {
          if (writes(writer, read.key)) pair(read);
        }
      }
    }
    return true;
  }

  bool by_past(Txn t) {
    if (level_ != WeakLevel::causal) return true;
    const std::uint32_t* const past = clock(t);
    for (const ExternalRead& read : reads(t)) {
      for (std::uint32_t r = run_first_[read.key]; r < run_first_[read.key + 1]; ++r) {
        if (effort_.exhausted()) return false;
        const Run& run = runs_[r];
        const auto begin = writers_.begin() + run.begin;
        const auto last = std::partition_point(begin, writers_.begin() + run.end, [&](Txn writer) {
          return place_[writer] <= past[run.session];
        });
        if (last != begin) force(*(last - 1), read.writer, t, read.key, Seen::causal);
      }
    }
    return true;
  }

  bool by_session() {
    std::vector<std::vector<Txn>> members(sessions_);
    for (Txn t = 0; t < all_.size(); ++t) {
      if (registers_.counts(t)) members[session_[t]].push_back(t);
    }
    std::vector<Txn> last(all_.key_count(), no_txn);
    for (std::uint32_t s = 0; s < sessions_; ++s) {
      for (const Txn t : members[s]) {
        if (effort_.exhausted()) return false;
        for (const ExternalRead& read : reads(t)) {
          const Txn before = last[read.key];
          const bool is_own = before != no_txn && session_[before] == s;
          if (is_own) force(before, read.writer, t, read.key, Seen::fractured);
        }
        for (const KeyId key : written(t))
          last[key] = t;
      }
    }
    return true;
  }

  // --- cycles -----------------------------------------------------------------------------------

  WeakJudgement conclude() {
    WeakJudgement result;
    for (const Forced& edge : forced_) {
      if (edge.to == initial_) keep(cycle_with_initial(edge), edge, true);
    }
    const Graph graph = graph_of_all();
    const Components components =
        components_of(graph, effort_, [](std::uint32_t, Edge) { return true; });
    if (!components.finished) return {};
    result.decided = true;
    result.holds = components.is_acyclic() && cycles_.empty();
    if (result.holds) {
      // Components come behind those that they lead to.
      std::copy_if(components.order.rbegin(), components.order.rend(),
                   std::back_inserter(result.order), [&](Txn t) { return registers_.counts(t); });
      return result;
    }
    if (!forced_.empty()) {
      // The edges that reads-from and sessions imply, too: they tell the patterns.
      cyclic_ = &components.component;
      forced_.clear();
      if (!find_forced()) return {};
    }
    find_cycles(graph, components);
    for (auto& [name, cycle] : cycles_)
      result.cycles.push_back(std::move(cycle));
    result.decided = !result.cycles.empty();
    return result;
  }

  Graph graph_of_all() const {
    const Txn n = all_.size();
    Graph graph;
    graph.first.assign(n + 1, 0);
    const auto each = [&](auto emit) {
      for (Txn t = 0; t < n; ++t) {
        if (previous_[t] != no_txn) emit(previous_[t], t, Dependency::process);
        for (const ExternalRead& read : reads(t)) {
          if (read.writer != initial_) emit(read.writer, t, Dependency::wr);
        }
      }
      for (const Forced& edge : forced_) {
        if (edge.to != initial_) emit(edge.from, edge.to, Dependency::ww);
      }
      for (const VersionStep& step : known_)
        emit(step.from, step.to, Dependency::ww);
    };
    each([&](Txn from, Txn, Dependency) { ++graph.first[from + 1]; });
    for (Txn t = 0; t < n; ++t)
      graph.first[t + 1] += graph.first[t];
    graph.edges.resize(graph.first[n]);
    std::vector<std::uint32_t> next(graph.first.begin(), graph.first.end() - 1);
    each([&](Txn from, Txn to, Dependency kind) { graph.edges[next[from]++] = Edge(to, kind); });
    return graph;
  }

  /// Tries forced edges within components, those of each kind in turn, and reads where there are
  /// none.
  void find_cycles(const Graph& graph, const Components& components) {
    std::map<Seen, std::size_t> tries;
    for (const Forced& edge : forced_) {
      if (edge.to == initial_) continue;
      if (components.component[edge.from] != components.component[edge.to]) continue;
      std::size_t& tried = tries[edge.seen];
      if (tried >= tries_max || (tried > 0 && visits_ > visits_max)) continue;
      if (!cycles_.empty() && effort_.exhausted()) break;
      ++tried;
      bool is_causal = true;
      auto back = path(graph, components, edge.to, edge.from, false);
      if (back.empty()) {
        is_causal = false;
        back = path(graph, components, edge.to, edge.from, true);
      }
      back.insert(back.begin(), explained(edge));
      keep(std::move(back), edge, is_causal);
    }
    if (!cycles_.empty()) return;
    std::size_t tried = 0;
    for (Txn t = 0; t < all_.size() && tried < tries_max; ++t) {
      if (tried > 0 && visits_ > visits_max) break;
      for (const ExternalRead& read : reads(t)) {
        if (read.writer == initial_ ||
            components.component[read.writer] != components.component[t]) {
          continue;
        }
        ++tried;
        auto back = path(graph, components, t, read.writer, false);
        if (back.empty() && t != read.writer) continue;
        WeakEdge edge{WeakEdge::Kind::reads, read.writer, t, read.key};
        back.insert(back.begin(), std::move(edge));
        keep_as("CyclicCO", std::move(back));
      }
    }
    if (cycles_.empty()) find_cycles_of_versions(graph, components);
  }

  /// Those that nothing forces: Adya's, of versions and reads.
  void find_cycles_of_versions(const Graph& graph, const Components& components) {
    for (const VersionStep& step : known_) {
      if (components.component[step.from] != components.component[step.to]) continue;
      auto cycle = path(graph, components, step.to, step.from, true);
      cycle.insert(cycle.begin(), explained(step));
      const bool has_session = std::any_of(cycle.begin(), cycle.end(), [](const WeakEdge& edge) {
        return edge.kind == WeakEdge::Kind::session;
      });
      const bool has_read = std::any_of(cycle.begin(), cycle.end(), [](const WeakEdge& edge) {
        return edge.kind == WeakEdge::Kind::reads;
      });
      keep_as(fmt::format("{}{}", has_read ? "G1c" : "G0", has_session ? "-process" : ""),
              std::move(cycle));
      return;
    }
  }

  std::vector<WeakEdge> cycle_with_initial(const Forced& edge) {
    WeakEdge forced = explained(edge);
    forced.to = no_txn;
    WeakEdge initial{WeakEdge::Kind::initial, no_txn, edge.from};
    std::vector<WeakEdge> cycle;
    cycle.push_back(std::move(forced));
    cycle.push_back(std::move(initial));
    return cycle;
  }

  /// Names as Plume does (Liu et al., OOPSLA 2024, table 1): by how t3 had seen t2, and by whether
  /// t1 came before t2 by what was seen (CO) or by forced edges too (AO).
  void keep(std::vector<WeakEdge> cycle, const Forced& edge, bool is_causal) {
    const Seen seen = how_seen(edge);
    if (seen == Seen::causal) {
      keep_as(is_causal ? "COConflictAO" : "ConflictAO", std::move(cycle));
    } else {
      const std::string name = seen == Seen::monotonic ? "NonMonoRead" : "FracturedRead";
      keep_as(name + (is_causal ? "CO" : "AO"), std::move(cycle));
    }
  }

  void keep_as(const std::string& name, std::vector<WeakEdge> cycle) {
    WeakCycle& kept = cycles_[name];
    const auto weight = [](const std::vector<WeakEdge>& edges) {
      std::size_t sum = edges.size();
      for (const WeakEdge& edge : edges)
        sum += edge.path.size();
      return sum;
    };
    if (!kept.edges.empty() && weight(kept.edges) <= weight(cycle)) return;
    kept.pattern = name;
    kept.edges = std::move(cycle);
  }

  /// The nearest way: an edge found through the past may be one of reading or of the session.
  Seen how_seen(const Forced& edge) const {
    Seen best = edge.seen;
    MicroId key_read = no_micro;
    for (const ExternalRead& read : reads(edge.reader)) {
      if (read.key == edge.key) key_read = read.at;
    }
    for (const ExternalRead& read : reads(edge.reader)) {
      if (read.writer != edge.from) continue;
      best = std::min(best, read.at < key_read ? Seen::monotonic : Seen::fractured);
    }
    const bool in_session = with_sessions_ && session_[edge.from] == session_[edge.reader];
    return in_session ? std::min(best, Seen::fractured) : best;
  }

  WeakEdge explained(const Forced& edge) {
    WeakEdge result{WeakEdge::Kind::forced, edge.from, edge.to, edge.key, edge.reader,
                    how_seen(edge)};
    for (const ExternalRead& read : reads(edge.reader)) {
      if (read.writer != edge.from || !result.path.empty()) continue;
      result.path.push_back({WeakEdge::Kind::reads, edge.from, edge.reader, read.key});
    }
    const bool in_session = with_sessions_ && session_[edge.from] == session_[edge.reader];
    if (result.path.empty() && in_session) {
      result.path.push_back({WeakEdge::Kind::session, edge.from, edge.reader});
    }
    if (result.path.empty()) result.path = past_path(edge.from, edge.reader);
    return result;
  }

  /// A shortest path of what is seen, sessions drawn together. Backwards from `to`.
  std::vector<WeakEdge> past_path(Txn from, Txn to) {
    boost::unordered_flat_map<Txn, WeakEdge> by;
    std::vector<Txn> queue{to};
    for (std::size_t i = 0; i < queue.size() && !by.contains(from); ++i) {
      const Txn t = queue[i];
      ++visits_;
      const auto reach = [&](const WeakEdge& edge) {
        if (edge.from == to) return;
        const Txn before = edge.from;
        if (by.try_emplace(before, edge).second) queue.push_back(before);
      };
      if (previous_[t] != no_txn) reach({WeakEdge::Kind::session, previous_[t], t});
      for (const ExternalRead& read : reads(t)) {
        if (read.writer != initial_) reach({WeakEdge::Kind::reads, read.writer, t, read.key});
      }
    }
    std::vector<WeakEdge> path;
    if (!by.contains(from)) return path;
    for (Txn t = from; t != to; t = path.back().to) {
      WeakEdge edge = by[t];
      while (edge.kind == WeakEdge::Kind::session && edge.to != to &&
             by[edge.to].kind == WeakEdge::Kind::session) {
        edge.to = by[edge.to].to;
      }
      path.push_back(std::move(edge));
    }
    return path;
  }

  /// A shortest path within a component, with forced edges or without.
  std::vector<WeakEdge> path(const Graph& graph, const Components& components, Txn from, Txn to,
                             bool with_forced) {
    boost::unordered_flat_map<Txn, std::pair<Txn, Dependency>> by;
    std::vector<Txn> queue{from};
    for (std::size_t i = 0; i < queue.size() && !by.contains(to); ++i) {
      ++visits_;
      for (const Edge edge : graph.out(queue[i])) {
        if (edge.kind() == Dependency::ww && !with_forced) continue;
        if (components.component[edge.target()] != components.component[from]) continue;
        if (edge.target() == from) continue;
        if (by.try_emplace(edge.target(), queue[i], edge.kind()).second) {
          queue.push_back(edge.target());
        }
      }
    }
    std::vector<WeakEdge> path;
    if (!by.contains(to)) return path;
    for (Txn t = to; t != from; t = by.find(t)->second.first) {
      const auto& [before, kind] = by.find(t)->second;
      path.push_back(edge_of(before, t, kind));
    }
    std::reverse(path.begin(), path.end());
    std::vector<WeakEdge> joined;
    for (WeakEdge& edge : path) {
      const bool joins = !joined.empty() && edge.kind == WeakEdge::Kind::session &&
                         joined.back().kind == WeakEdge::Kind::session;
      if (joins) {
        joined.back().to = edge.to;
      } else {
        joined.push_back(std::move(edge));
      }
    }
    return joined;
  }

  WeakEdge edge_of(Txn from, Txn to, Dependency kind) {
    if (kind == Dependency::process) return {WeakEdge::Kind::session, from, to};
    if (kind == Dependency::wr) {
      for (const ExternalRead& read : reads(to)) {
        if (read.writer == from) return {WeakEdge::Kind::reads, from, to, read.key};
      }
    }
    visits_ += (known_.size() + forced_.size()) / 8;
    const auto joins = [&](const auto& edge) { return edge.from == from && edge.to == to; };
    const auto step = std::find_if(known_.begin(), known_.end(), joins);
    if (step != known_.end()) return explained(*step);
    return explained(*std::find_if(forced_.begin(), forced_.end(), joins));
  }

  static WeakEdge explained(const VersionStep& step) {
    return {WeakEdge::Kind::version, step.from, step.to, step.key, step.reader};
  }

  const RegisterTransactions& registers_;
  const Transactions& all_;
  Txn initial_;
  WeakLevel level_;
  bool with_sessions_;
  std::span<const VersionStep> known_;
  Effort& effort_;
  bool stopped_ = false;
  std::uint32_t sessions_ = 0;
  std::size_t counted_ = 0;
  std::vector<std::uint32_t> session_, place_;
  std::vector<Txn> previous_;
  std::vector<std::uint32_t> read_first_;
  std::vector<ExternalRead> reads_;
  std::vector<std::uint32_t> clocks_;
  std::vector<std::size_t> write_first_;
  std::vector<KeyId> write_keys_;
  std::vector<std::uint32_t> run_first_;
  std::vector<Run> runs_;
  std::vector<Txn> writers_;
  std::size_t visits_ = 0;  ///< of transactions, by all searches for paths
  std::vector<Forced> forced_;
  const std::vector<std::uint32_t>* cyclic_ = nullptr;  ///< components, once some are cyclic
  std::map<std::string, WeakCycle> cycles_;
};

}  // namespace

WeakJudgement judge_weak(const RegisterTransactions& registers, WeakLevel level, bool with_sessions,
                         Effort& effort, std::span<const VersionStep> known) {
  return WeakJudging(registers, level, with_sessions, known, effort).run();
}

}  // namespace gauntlet
