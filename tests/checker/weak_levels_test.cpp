// The levels below snapshots, compared with trying every order of commits.
#include "checker/transactional/weak_levels.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "checker/transactional/weak_evidence.hpp"
#include "checker/transactional/weak_verifier.hpp"
#include "history/reader.hpp"

namespace gauntlet {

namespace {

struct Step {
  bool writes;
  int key;
  int value;  ///< 0 is the initial one
};

struct Drawn {
  int session;
  bool committed;
  std::vector<Step> steps;
};

/// Reads find what any transaction finally wrote, unless their own wrote or read the key before.
std::vector<Drawn> draw(Random& random) {
  std::vector<Drawn> all;
  const auto count = static_cast<std::size_t>(random.between(2, 5));
  int next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Drawn t{static_cast<int>(random.below(3)), !random.chance(0.1), {}};
    const auto steps = random.between(1, 4);
    for (std::int64_t s = 0; s < steps; ++s) {
      const int key = static_cast<int>(random.below(3));
      t.steps.push_back({random.chance(0.5), key, 0});
      if (t.steps.back().writes) t.steps.back().value = ++next;
    }
    all.push_back(std::move(t));
  }
  // A process does nothing behind what nobody knows the end of.
  for (std::size_t i = 0; i < count; ++i) {
    if (!all[i].committed) all[i].session = 10 + static_cast<int>(i);
  }
  for (std::size_t i = 0; i < count; ++i) {
    std::map<int, int> own;
    for (Step& step : all[i].steps) {
      if (!step.writes && !own.contains(step.key)) {
        std::vector<int> choices{0};
        for (std::size_t j = 0; j < count; ++j) {
          int last = 0;
          for (const Step& other : all[j].steps) {
            if (j != i && other.writes && other.key == step.key) last = other.value;
          }
          if (last != 0) choices.push_back(last);
        }
        step.value = choices[random.below(choices.size())];
      } else if (!step.writes) {
        step.value = own[step.key];
      }
      own[step.key] = step.value;
    }
  }
  return all;
}

History history_of(const std::vector<Drawn>& all) {
  History history;
  for (const Drawn& t : all) {
    Value::List asked;
    Value::List found;
    for (const Step& step : t.steps) {
      const Value value = step.value == 0 ? Value() : Value(step.value);
      const char* const name = step.writes ? "w" : "r";
      found.push_back(Value::list({name, step.key, value}));
      asked.push_back(Value::list({name, step.key, step.writes ? value : Value()}));
    }
    Operation operation;
    operation.process = t.session;
    operation.f = "txn";
    operation.value = Value(asked);
    history.append(operation);
    operation.type = t.committed ? OperationType::ok : OperationType::info;
    if (t.committed) operation.value = Value(found);
    history.append(operation);
  }
  REQUIRE(history.pair().has_value());
  return history;
}

/// Biswas and Enea, OOPSLA 2019, definitions 2.1 and 2.2, word by word.
class CommitOrders {
 public:
  CommitOrders(const std::vector<Drawn>& all, WeakLevel level, bool with_sessions)
      : all_(all), level_(level), with_sessions_(with_sessions), size_(all.size()) {
    seen_.assign(size_, std::vector<bool>(size_, false));
    for (std::size_t b = 0; b < size_; ++b) {
      for (std::size_t a = 0; a < b; ++a)
        seen_[a][b] = with_sessions && all[a].session == all[b].session;
      for (const Step& step : external(b)) {
        if (step.value != 0) seen_[writer(step.value)][b] = true;
      }
    }
    direct_ = seen_;
    for (std::size_t k = 0; k < size_; ++k) {
      for (std::size_t a = 0; a < size_; ++a) {
        for (std::size_t b = 0; b < size_; ++b)
          seen_[a][b] = seen_[a][b] || (seen_[a][k] && seen_[k][b]);
      }
    }
  }

  /// Whether an order of all that happened gives the reads.
  bool accepts(const std::vector<std::size_t>& order) const {
    std::vector<std::size_t> place(size_, size_ + 1);
    for (std::size_t i = 0; i < order.size(); ++i)
      place[order[i]] = i + 1;
    return fits(place);
  }

  bool allows() const {
    std::vector<std::size_t> order;
    for (std::size_t t = 0; t < size_; ++t)
      order.push_back(t);
    do {
      std::vector<std::size_t> place(size_);
      for (std::size_t i = 0; i < size_; ++i)
        place[order[i]] = i + 1;
      if (fits(place)) return true;
    } while (std::next_permutation(order.begin(), order.end()));
    return false;
  }

 private:
  std::vector<Step> external(std::size_t t) const {
    std::vector<Step> reads;
    std::vector<int> touched;
    for (const Step& step : all_[t].steps) {
      const bool is_first = std::find(touched.begin(), touched.end(), step.key) == touched.end();
      if (!step.writes && is_first && all_[t].committed) reads.push_back(step);
      touched.push_back(step.key);
    }
    return reads;
  }
  std::size_t writer(int value) const {
    for (std::size_t t = 0; t < size_; ++t) {
      for (const Step& step : all_[t].steps) {
        if (step.writes && step.value == value) return t;
      }
    }
    return size_;
  }
  /// An indefinite transaction that nobody read from need not have happened.
  bool happened(std::size_t t) const {
    if (all_[t].committed) return true;
    for (std::size_t b = 0; b < size_; ++b) {
      for (const Step& step : external(b)) {
        if (step.value != 0 && writer(step.value) == t) return true;
      }
    }
    return false;
  }
  bool writes(std::size_t t, int key) const {
    return std::any_of(all_[t].steps.begin(), all_[t].steps.end(),
                       [&](const Step& step) { return step.writes && step.key == key; });
  }
  /// Whether `reader` had seen t when it read the key.
  bool had_seen(std::size_t t, std::size_t reader, const Step& read) const {
    if (level_ == WeakLevel::causal) return seen_[t][reader];
    if (level_ == WeakLevel::read_atomic) return direct_[t][reader];
    for (const Step& earlier : external(reader)) {
      if (earlier.key == read.key) return false;
      if (earlier.value != 0 && writer(earlier.value) == t) return true;
    }
    return false;
  }
  bool fits(const std::vector<std::size_t>& place) const {
    for (std::size_t b = 0; b < size_; ++b) {
      for (std::size_t a = 0; a < size_; ++a) {
        if (a != b && direct_[a][b] && place[a] > place[b]) return false;
      }
      for (const Step& read : external(b)) {
        const std::size_t source = read.value == 0 ? 0 : place[writer(read.value)];
        for (std::size_t t = 0; t < size_; ++t) {
          if (t == b || !happened(t) || !writes(t, read.key)) continue;
          if (read.value != 0 && writer(read.value) == t) continue;
          if (had_seen(t, b, read) && place[t] > source) return false;
        }
      }
    }
    return true;
  }

  const std::vector<Drawn>& all_;
  WeakLevel level_;
  bool with_sessions_;
  std::size_t size_;
  std::vector<std::vector<bool>> direct_, seen_;
};

constexpr std::array levels = {WeakLevel::monotonic_atomic_view, WeakLevel::read_atomic,
                               WeakLevel::causal};

}  // namespace

TEST_CASE("weak levels agree with trying every order of commits, and their cycles are accepted") {
  Random random(7);
  std::map<std::string, int> patterns;
  int held = 0;
  int drawn_orders_that_fit = 0;
  const CheckOptions options;
  for (int round = 0; round < 6000; ++round) {
    const std::vector<Drawn> drawn = draw(random);
    const History history = history_of(drawn);
    const auto all = Transactions::of(history, options.budget, KeyType::registers);
    REQUIRE(all.has_value());
    Effort effort(options.budget);
    RegisterTransactions registers(*all);
    REQUIRE(registers.resolve(options, effort));
    REQUIRE_FALSE(registers.has_repeated_values());
    const WeakVerifier verifier(history, options.initial);
    for (const WeakLevel level : levels) {
      for (const bool with_sessions : {false, true}) {
        CAPTURE(round);
        CAPTURE(static_cast<int>(level));
        CAPTURE(with_sessions);
        const WeakJudgement judged = judge_weak(registers, level, with_sessions, effort);
        REQUIRE(judged.decided);
        REQUIRE(judged.holds == CommitOrders(drawn, level, with_sessions).allows());
        held += judged.holds ? 1 : 0;
        if (judged.holds) {
          const auto order = invocations_of(*all, judged.order);
          CHECK(verifier.order(level, with_sessions, order).has_value());
        }
        std::vector<Txn> drawn_order;
        for (Txn t = 0; t < all->size(); ++t) {
          if (registers.counts(t)) drawn_order.push_back(t);
        }
        for (std::size_t i = drawn_order.size(); i > 1; --i)
          std::swap(drawn_order[i - 1], drawn_order[random.below(i)]);
        const bool fits = CommitOrders(drawn, level, with_sessions)
                              .accepts({drawn_order.begin(), drawn_order.end()});
        CHECK(verifier.order(level, with_sessions, invocations_of(*all, drawn_order)).has_value() ==
              fits);
        drawn_orders_that_fit += fits ? 1 : 0;
        for (const WeakCycle& cycle : judged.cycles) {
          ++patterns[cycle.pattern];
          const auto claims = claims_of(*all, cycle.edges);
          CHECK(verifier.cycle(level, with_sessions, claims).has_value());
          CHECK_FALSE(describe(history, cycle.pattern, claims).explanation.empty());
          if (!with_sessions || cycle.edges.size() < 2) continue;
          auto changed = claims;
          std::swap(changed[0].from, changed[0].to);
          CHECK_FALSE(verifier.cycle(level, with_sessions, changed).has_value());
        }
      }
    }
  }
  CHECK(held > 5000);
  CHECK(drawn_orders_that_fit > 1000);
  for (const char* const name : {"CyclicCO", "NonMonoReadCO", "NonMonoReadAO", "FracturedReadCO",
                                 "FracturedReadAO", "COConflictAO", "ConflictAO"}) {
    CAPTURE(name);
    CHECK(patterns[name] > 0);
  }
}

TEST_CASE("Plume's fourteen patterns are found in its own test cases") {
  const char* const given = std::getenv("GAUNTLET_CORPUS");
  const std::string folder =
      std::string(given != nullptr ? given : GAUNTLET_SOURCE_DIR "/../shared/histories") +
      "/transactional/plume/testcase/text/";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: no corpora at ", folder, "; name them with GAUNTLET_CORPUS");
    return;
  }
  constexpr std::array patterns = {
      "ThinAirRead",      "AbortedRead",     "FutureRead",    "NotMyOwnWrite", "NotMyLastWrite",
      "IntermediateRead", "CyclicCO",        "NonMonoReadCO", "NonMonoReadAO", "NonRepeatableRead",
      "FracturedReadCO",  "FracturedReadAO", "COConflictAO",  "ConflictAO"};
  CheckOptions options;
  options.consistency = {"transactional-causal"};
  const Checker* const checker = CheckerRegistry::instance().find("rw-register");
  REQUIRE(checker != nullptr);
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const std::string file = folder + "tap-" + static_cast<char>('a' + i) + ".txt";
    CAPTURE(file);
    const auto read = read_history(file);
    REQUIRE(read.has_value());
    const Verdict verdict = checker->check(read->history, options);
    CHECK(verdict.validity == Validity::invalid);
    const bool found = std::any_of(
        verdict.anomalies.begin(), verdict.anomalies.end(), [&](const Anomaly& anomaly) {
          const std::string sentence = std::string("Plume calls this ") + patterns[i] + ".";
          const auto& told = anomaly.explanation;
          return anomaly.name == patterns[i] ||
                 std::find(told.begin(), told.end(), sentence) != told.end();
        });
    CHECK(found);
    for (const Anomaly& anomaly : verdict.anomalies)
      CHECK_FALSE(anomaly.verified_by.empty());
  }
}

}  // namespace gauntlet
