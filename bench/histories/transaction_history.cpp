#include "bench/histories/transaction_history.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <vector>

#include "base/random.hpp"

namespace gauntlet {

namespace {

constexpr double plant_at = 0.985;

struct MicroOperation {
  bool appends = false;
  std::int64_t key = 0;
  std::int64_t element = 0;
  Value::List read = {};
};

struct Element {
  std::int64_t value;
  std::int64_t committed;  ///< number of the commit that brought it in
};

struct List {
  std::vector<Element> elements;
  std::int64_t drawn = 0;  ///< elements that transactions were given to append
  int locked_by = -1;      ///< session
};

struct Session {
  enum class State { idle, running, ended };

  State state = State::idle;
  Process process = 0;
  std::vector<MicroOperation> transaction;
  std::size_t done = 0;       ///< micro-operations that have run
  std::int64_t snapshot = 0;  ///< commits that it sees
  std::int64_t seen = 0;      ///< of these, the ones of another site
  std::uint64_t missed = 0;   ///< of read atomic: which commits it does not see, 1 bit in turn
  OperationType outcome = OperationType::ok;
  bool crashes = false;
};

class TransactionSimulation {
 public:
  TransactionSimulation(const TransactionOptions& options,
                        const std::function<void(const Operation&)>& sink)
      : options_(options),
        sink_(sink),
        random_(Random(options.seed).fork("transactions")),
        sessions_(static_cast<std::size_t>(options.sessions)) {
    for (std::size_t i = 0; i < sessions_.size(); ++i)
      sessions_[i].process = static_cast<Process>(i);
    for (std::int64_t i = 0; i < options.keys; ++i)
      live_.push_back(next_key_++);
  }

  std::int64_t run() {
    std::size_t idle = sessions_.size();
    while (invoked_ < options_.transactions || idle < sessions_.size()) {
      const auto i = static_cast<std::size_t>(random_.below(sessions_.size()));
      Session& session = sessions_[i];
      if (session.state == Session::State::idle) {
        if (invoked_ == options_.transactions) continue;
        invoke(session);
        --idle;
      } else if (session.state == Session::State::running) {
        advance(session, static_cast<int>(i));
      } else {
        complete(session);
        ++idle;
      }
    }
    return events_;
  }

 private:
  Value result_of(const Value::List& read) const {
    if (!options_.registers) return Value(read);
    return read.empty() ? Value() : read.back();
  }

  void record(const Session& session, OperationType type) {
    Value::List micro;
    for (const MicroOperation& op : session.transaction) {
      if (op.appends) {
        micro.emplace_back(Value::List{options_.registers ? "w" : "append", op.key, op.element});
      } else {
        const bool known = type == OperationType::ok;
        micro.emplace_back(Value::List{"r", op.key, known ? result_of(op.read) : Value()});
      }
    }
    Operation operation;
    operation.index = events_++;
    operation.time_ns = operation.index * nanos_per_microsecond;
    operation.process = session.process;
    operation.type = type;
    operation.f = "txn";
    operation.value = Value(std::move(micro));
    sink_(operation);
  }

  MicroOperation draw_append(std::size_t live) {
    const std::int64_t key = live_[live];
    const std::int64_t element = ++lists_[key].drawn;
    if (element == options_.writes_per_key) live_[live] = next_key_++;
    if (options_.values > 0) return {true, key, random_.between(1, options_.values)};
    return {true, key, element};
  }

  void invoke(Session& session) {
    session.transaction.clear();
    session.done = 0;
    session.crashes = random_.chance(options_.crash_share);
    ++invoked_;
    if (plant_ == 0 && options_.plant != TransactionPlant::none &&
        static_cast<double>(invoked_) >= plant_at * static_cast<double>(options_.transactions)) {
      plant_ = 1;
    }
    if (plant_ == 1) {
      plant_updates(session);
    } else if (plant_ == 3) {
      plant_reads(session);
      record(session, OperationType::invoke);
      session.state = Session::State::ended;
      return;
    } else {
      for (auto left = random_.between(1, options_.length_max); left > 0; --left) {
        const auto live = static_cast<std::size_t>(random_.below(live_.size()));
        session.transaction.push_back(random_.chance(0.5) ? draw_append(live)
                                                          : MicroOperation{false, live_[live]});
      }
    }
    record(session, OperationType::invoke);
    session.state = Session::State::running;
    session.snapshot = commits_;
    see_other_site(session);
  }

  bool has_sites() const {
    return options_.isolation == Isolation::parallel_snapshot ||
           options_.isolation == Isolation::causal;
  }

  /// Each site may be behind with what the other committed.
  void see_other_site(Session& session) {
    if (options_.isolation == Isolation::read_atomic)
      session.missed = random_.next() & random_.next();
    if (!has_sites()) return;
    std::int64_t& seen = seen_[site_of(session)];
    if (random_.chance(0.3)) seen = random_.between(seen, commits_);
    session.seen = seen;
  }

  std::size_t site_of(const Session& session) const {
    return static_cast<std::size_t>(session.process % options_.sessions) % seen_.size();
  }

  bool sees(const Session& session, std::int64_t commit) const {
    if (commit > session.snapshot) return false;
    if (options_.isolation == Isolation::read_atomic) {
      return commit + 64 <= session.snapshot || (session.missed >> (commit % 64) & 1) == 0;
    }
    if (!has_sites() || commit <= session.seen) return true;
    return site_of_commit_[static_cast<std::size_t>(commit)] == site_of(session);
  }

  bool is_from_snapshot() const {
    return options_.isolation == Isolation::snapshot || lets_updates_be_lost() ||
           options_.isolation == Isolation::parallel_snapshot;
  }

  bool lets_updates_be_lost() const {
    return options_.isolation == Isolation::prefix || options_.isolation == Isolation::causal ||
           options_.isolation == Isolation::read_atomic;
  }

  /// The transaction of which a later one will miss a part.
  void plant_updates(Session& session) {
    for (std::size_t live = 0; live < std::min<std::size_t>(2, live_.size()); ++live) {
      const MicroOperation write = draw_append(live);
      // Of registers only who reads a version before writing the next says which was the next.
      if (options_.registers) session.transaction.push_back({false, write.key});
      session.transaction.push_back(write);
    }
    session.crashes = false;
    planted_.clear();
    std::copy_if(session.transaction.begin(), session.transaction.end(),
                 std::back_inserter(planted_), [](const MicroOperation& op) { return op.appends; });
    planted_by_ = session.process;
    plant_ = 2;
  }

  /// Sees nothing of it in its first key, and all of the second where that is asked for.
  void plant_reads(Session& session) {
    MicroOperation stale{false, planted_[0].key};
    for (const Element& element : lists_[stale.key].elements) {
      if (element.value == planted_[0].element) break;
      stale.read.emplace_back(element.value);
    }
    session.transaction.push_back(stale);
    if (options_.plant == TransactionPlant::g_single && planted_.size() > 1) {
      MicroOperation fresh{false, planted_[1].key};
      for (const Element& element : lists_[fresh.key].elements)
        fresh.read.emplace_back(element.value);
      session.transaction.push_back(fresh);
    }
    session.outcome = OperationType::ok;
    session.crashes = false;
    plant_ = 4;
  }

  bool is_interleaved() const {
    return options_.isolation == Isolation::read_uncommitted ||
           options_.isolation == Isolation::read_committed;
  }

  void advance(Session& session, int id) {
    if (is_from_snapshot() && session.done == 0 && !session.crashes && random_.chance(0.5)) {
      return;  // its snapshot grows old
    }
    if (options_.isolation == Isolation::serializable && !appends(session)) {
      session.snapshot = std::max<std::int64_t>(0, commits_ - random_.between(0, 8));
    } else if (!is_from_snapshot()) {
      session.snapshot = commits_;
    }
    const std::size_t until = is_interleaved() ? session.done + 1 : session.transaction.size();
    for (; session.done < until; ++session.done) {
      if (!execute(session, session.transaction[session.done], id)) {
        end(session, id, false);
        return;
      }
    }
    if (session.done < session.transaction.size()) return;
    end(session, id, !session.crashes || random_.chance(0.5));
  }

  static bool appends(const Session& session) {
    return std::any_of(session.transaction.begin(), session.transaction.end(),
                       [](const MicroOperation& op) { return op.appends; });
  }

  /// False where the transaction has to abort.
  bool execute(const Session& session, MicroOperation& op, int id) {
    List& list = lists_[op.key];
    if (op.appends) {
      if (options_.isolation == Isolation::read_uncommitted) {
        list.elements.push_back({op.element, 0});
      } else if (options_.isolation == Isolation::read_committed) {
        if (list.locked_by != -1 && list.locked_by != id) return false;
        list.locked_by = id;
      } else if (!lets_updates_be_lost() && !list.elements.empty() &&
                 !sees(session, list.elements.back().committed)) {
        return false;
      }
      return true;
    }
    op.read.clear();
    if (options_.registers) {
      const auto last =
          std::find_if(list.elements.rbegin(), list.elements.rend(),
                       [&](const Element& element) { return sees(session, element.committed); });
      if (last != list.elements.rend()) op.read.emplace_back(last->value);
    } else {
      for (const Element& element : list.elements) {
        if (sees(session, element.committed)) op.read.emplace_back(element.value);
      }
    }
    if (options_.isolation == Isolation::read_uncommitted) return true;
    for (const MicroOperation& own : session.transaction) {
      if (&own == &op) break;
      if (own.appends && own.key == op.key) op.read.emplace_back(own.element);
    }
    return true;
  }

  void end(Session& session, int id, bool commits) {
    if (commits && options_.isolation != Isolation::read_uncommitted && appends(session)) {
      ++commits_;
      site_of_commit_.push_back(static_cast<std::uint8_t>(site_of(session)));
      for (const MicroOperation& op : session.transaction) {
        if (op.appends) lists_[op.key].elements.push_back({op.element, commits_});
      }
    }
    for (const MicroOperation& op : session.transaction) {
      int& locked_by = lists_[op.key].locked_by;
      if (locked_by == id) locked_by = -1;
    }
    // A rare abort of no reason, so that weak databases show what they do with it.
    const bool aborts = options_.isolation == Isolation::read_uncommitted && random_.chance(0.02);
    session.outcome = commits && !aborts ? OperationType::ok : OperationType::fail;
    session.state = Session::State::ended;
  }

  void complete(Session& session) {
    if (session.crashes) session.outcome = OperationType::info;
    record(session, session.outcome);
    if (plant_ == 2 && session.process == planted_by_) {
      plant_ = session.outcome == OperationType::ok ? 3 : 0;  // once more if it aborted
    }
    if (session.outcome == OperationType::info) session.process += options_.sessions;
    session.state = Session::State::idle;
  }

  const TransactionOptions options_;
  const std::function<void(const Operation&)>& sink_;
  Random random_;
  std::vector<Session> sessions_;
  std::map<std::int64_t, List> lists_;
  std::vector<std::int64_t> live_;
  std::int64_t next_key_ = 0;
  std::int64_t commits_ = 0;
  std::vector<std::uint8_t> site_of_commit_{0};  // by number of the commit
  std::array<std::int64_t, 2> seen_{};           // by site: commits of the other that it has
  std::int64_t invoked_ = 0;
  std::int64_t events_ = 0;
  int plant_ = 0;  ///< 0 not yet, 1 due, 2 under way, 3 to be read, 4 done
  std::vector<MicroOperation> planted_;
  Process planted_by_ = 0;
};

}  // namespace

Result<std::int64_t> simulate_transactions(const TransactionOptions& options,
                                           const std::function<void(const Operation&)>& sink) {
  if (options.transactions < 0 || options.sessions < 1 || options.keys < 1 ||
      options.writes_per_key < 1 || options.length_max < 1) {
    return failure(ErrorKind::usage, "a history needs at least one session, key, write and length",
                   "give positive numbers");
  }
  const bool of_registers =
      options.isolation == Isolation::read_atomic || options.isolation == Isolation::causal;
  if (of_registers && !options.registers) {
    return failure(ErrorKind::usage, "lists are neither read atomic nor causal alone here",
                   "ask for registers: --model rw-register");
  }
  return TransactionSimulation(options, sink).run();
}

}  // namespace gauntlet
