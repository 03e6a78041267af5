// The levels of list appends that no anomaly decides, compared with trying every order of commits.
#include "checker/transactional/list_levels.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "checker/transactional/list_run_verifier.hpp"
#include "checker/transactional/weak_levels.hpp"
#include "fuzz_cases.hpp"
#include "history/json_lines.hpp"

namespace gauntlet {

namespace {

struct Step {
  bool appends;
  int key;
  int element = 0;                 ///< appended
  std::vector<int> list = {};      ///< read
  std::vector<int> in_front = {};  ///< of it what others appended
};

struct Drawn {
  int session;
  bool committed;
  std::vector<Step> steps;

  std::vector<int> appended(int key) const {
    std::vector<int> elements;
    for (const Step& step : steps) {
      if (step.appends && step.key == key) elements.push_back(step.element);
    }
    return elements;
  }
  bool reads_behind_append(int key) const {
    bool has_appended = false;
    for (const Step& step : steps) {
      if (step.key != key) continue;
      if (!step.appends && has_appended) return true;
      has_appended = has_appended || step.appends;
    }
    return false;
  }
  /// The first read of each key.
  std::vector<Step> first_reads() const {
    std::vector<Step> reads;
    for (const Step& step : steps) {
      const bool is_known = std::any_of(reads.begin(), reads.end(),
                                        [&](const Step& read) { return read.key == step.key; });
      if (!step.appends && committed && !is_known) reads.push_back(step);
    }
    return reads;
  }
};

/// Appends take effect in one order, and each read shows what was there at some time; or, of a key
/// that is read behind its transaction's own append, just then.
std::vector<Drawn> draw(Random& random) {
  std::vector<Drawn> all;
  const auto count = static_cast<std::size_t>(random.between(2, 5));
  int next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Drawn t{static_cast<int>(random.below(3)), i == 0 || !random.chance(0.1), {}};
    for (auto steps = random.between(1, 4); steps > 0; --steps) {
      t.steps.push_back({random.chance(0.5), static_cast<int>(random.below(3))});
      if (t.steps.back().appends) t.steps.back().element = ++next;
    }
    // A process does nothing behind what nobody knows the end of.
    if (!t.committed) t.session = 10 + static_cast<int>(i);
    all.push_back(std::move(t));
  }
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = count; i > 1; --i)
    std::swap(order[i - 1], order[random.below(i)]);
  for (std::size_t i = 0; i < count; ++i) {
    std::map<int, std::vector<int>> in_front, own;
    for (Step& step : all[i].steps) {
      if (step.appends) {
        own[step.key].push_back(step.element);
        continue;
      }
      if (!in_front.contains(step.key)) {
        std::vector<std::vector<int>> choices(1);
        std::size_t before_own = 0;
        for (const std::size_t t : order) {
          if (t == i) {
            before_own = choices.size() - 1;
            if (!all[i].appended(step.key).empty()) break;
            continue;
          }
          const auto more = all[t].appended(step.key);
          if (more.empty()) continue;
          choices.push_back(choices.back());
          choices.back().insert(choices.back().end(), more.begin(), more.end());
        }
        const std::size_t choice =
            all[i].reads_behind_append(step.key) ? before_own : random.below(choices.size());
        in_front[step.key] = choices[choice];
      }
      step.in_front = in_front[step.key];
      step.list = step.in_front;
      step.list.insert(step.list.end(), own[step.key].begin(), own[step.key].end());
    }
  }
  return all;
}

History history_of(const std::vector<Drawn>& all) {
  History history;
  for (const Drawn& t : all) {
    Value::List asked, found;
    for (const Step& step : t.steps) {
      const char* const name = step.appends ? "append" : "r";
      Value::List list(step.list.begin(), step.list.end());
      asked.push_back(Value::list({name, step.key, step.appends ? Value(step.element) : Value()}));
      found.push_back(
          Value::list({name, step.key, step.appends ? Value(step.element) : Value(list)}));
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

/// Biswas and Enea, OOPSLA 2019, definitions 2.1 and 2.2, and that the elements of a list come in
/// the order of commits.
class CommitOrders {
 public:
  CommitOrders(const std::vector<Drawn>& all, WeakLevel level, bool with_sessions)
      : all_(all), level_(level), size_(all.size()) {
    direct_.assign(size_, std::vector<bool>(size_, false));
    for (std::size_t b = 0; b < size_; ++b) {
      for (std::size_t a = 0; a < b; ++a)
        direct_[a][b] = with_sessions && all[a].session == all[b].session;
      for (const Step& read : all[b].first_reads()) {
        if (!read.in_front.empty()) direct_[writer(read.in_front.back())][b] = true;
      }
    }
    seen_ = direct_;
    for (std::size_t k = 0; k < size_; ++k) {
      for (std::size_t a = 0; a < size_; ++a) {
        for (std::size_t b = 0; b < size_; ++b)
          seen_[a][b] = seen_[a][b] || (seen_[a][k] && seen_[k][b]);
      }
    }
  }

  bool allows() const {
    std::vector<std::size_t> order(size_);
    std::iota(order.begin(), order.end(), 0);
    do {
      std::vector<std::size_t> place(size_);
      for (std::size_t i = 0; i < size_; ++i)
        place[order[i]] = i + 1;
      if (fits(place)) return true;
    } while (std::next_permutation(order.begin(), order.end()));
    return false;
  }

 private:
  std::size_t writer(int element) const {
    for (std::size_t t = 0; t < size_; ++t) {
      for (const Step& step : all_[t].steps) {
        if (step.appends && step.element == element) return t;
      }
    }
    return size_;
  }
  bool is_read(int element) const {
    return std::any_of(all_.begin(), all_.end(), [&](const Drawn& t) {
      const auto reads = t.first_reads();
      return std::any_of(reads.begin(), reads.end(), [&](const Step& read) {
        return std::find(read.list.begin(), read.list.end(), element) != read.list.end();
      });
    });
  }
  /// An indefinite transaction that nobody saw need not have happened.
  bool happened(std::size_t t) const {
    const auto& steps = all_[t].steps;
    return all_[t].committed || std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
             return step.appends && is_read(step.element);
           });
  }
  bool had_seen(std::size_t t, std::size_t reader, const Step& read) const {
    if (level_ == WeakLevel::causal) return seen_[t][reader];
    if (level_ == WeakLevel::read_atomic) return direct_[t][reader];
    for (const Step& earlier : all_[reader].first_reads()) {
      if (earlier.key == read.key) return false;
      if (!earlier.in_front.empty() && writer(earlier.in_front.back()) == t) return true;
    }
    return false;
  }
  bool fits(const std::vector<std::size_t>& place) const {
    for (std::size_t b = 0; b < size_; ++b) {
      for (std::size_t a = 0; a < size_; ++a) {
        if (a != b && direct_[a][b] && place[a] > place[b]) return false;
      }
      for (const Step& read : all_[b].first_reads()) {
        const std::size_t source = read.in_front.empty() ? size_ : writer(read.in_front.back());
        for (std::size_t t = 0; t < size_; ++t) {
          if (t == b || t == source || !happened(t) || all_[t].appended(read.key).empty()) continue;
          const std::size_t from = source == size_ ? 0 : place[source];
          if (had_seen(t, b, read) && place[t] > from) return false;
        }
      }
      for (const Step& step : all_[b].steps) {
        if (!step.appends && all_[b].committed && !agrees(step, place)) return false;
      }
    }
    return true;
  }
  /// The list is that of some who appended first, in their order.
  bool agrees(const Step& read, const std::vector<std::size_t>& place) const {
    std::vector<std::size_t> order(size_);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return place[a] < place[b]; });
    std::vector<int> state;
    for (const std::size_t t : order) {
      if (!happened(t)) continue;
      const auto more = all_[t].appended(read.key);
      state.insert(state.end(), more.begin(), more.end());
    }
    return read.list.size() <= state.size() &&
           std::equal(read.list.begin(), read.list.end(), state.begin());
  }

  const std::vector<Drawn>& all_;
  WeakLevel level_;
  std::size_t size_;
  std::vector<std::vector<bool>> direct_, seen_;
};

}  // namespace

TEST_CASE("lists: the levels below snapshots agree with trying every order of commits") {
  const Checker& checker = *CheckerRegistry::instance().find("list-append");
  std::map<std::string, std::array<int, 2>> seen;
  Random random(77);
  for (int i = 0; i < testing::fuzz_cases(4000); ++i) {
    const auto all = draw(random);
    const History history = history_of(all);
    std::string text;
    for (EventIndex e = 0; e < history.size(); ++e)
      append_json_line(text, history.operation(e));
    CAPTURE(text);
    for (const WeakModel& model : weak_models) {
      CheckOptions options;
      options.consistency = {std::string(model.name)};
      const Verdict verdict = checker.check(history, options);
      const bool allowed = CommitOrders(all, model.level, model.with_sessions).allows();
      CAPTURE(model.name);
      CAPTURE(verdict.reason);
      REQUIRE(verdict.validity == (allowed ? Validity::valid : Validity::invalid));
      for (const Anomaly& anomaly : verdict.anomalies)
        CHECK(anomaly.verified_by != "");
      ++seen[std::string(model.name)][allowed ? 0 : 1];
    }
  }
  for (const auto& [model, counts] : seen) {
    MESSAGE(model, ": ", counts[0], " hold, ", counts[1], " fail");
    CHECK(counts[0] > 100);
    CHECK(counts[1] > 30);
  }
}

TEST_CASE("lists: the verifier accepts runs of a level and refuses others") {
  const auto at = [](const std::vector<Drawn>& all, Sight sight, std::vector<int> moments,
                     Timing timing = Timing::none) {
    const History history = history_of(all);
    std::vector<RunMoment> run;
    for (const int moment : moments)
      run.push_back({static_cast<EventIndex>(moment / 10 * 2), moment % 10 == 1});
    return ListRunVerifier(history).run({sight, timing, KeyOrder::none}, run).has_value();
  };
  // Moments: ten times the transaction, plus one for its end.
  const Step read_nothing{false, 0};
  const Step append_1{true, 0, 1};
  const Step append_2{true, 0, 2};
  const Step read_1{false, 0, 0, {1}, {1}};
  const std::vector<Drawn> in_turn = {{0, true, {append_1}}, {1, true, {read_1}}};
  CHECK(at(in_turn, Sight::serial, {0, 1, 10, 11}));
  CHECK_FALSE(at(in_turn, Sight::serial, {10, 11, 0, 1}));
  CHECK_FALSE(at(in_turn, Sight::serial, {0, 1}));
  CHECK_FALSE(at(in_turn, Sight::serial, {0, 1, 10, 11, 10, 11}));
  CHECK_FALSE(at(in_turn, Sight::committed, {10, 11, 0, 1}));
  CHECK(at(in_turn, Sight::parallel, {0, 1, 10, 11}));
  CHECK_FALSE(at(in_turn, Sight::parallel, {10, 11, 0, 1}));
  // Both append to what both saw empty.
  const std::vector<Drawn> lost = {{0, true, {read_nothing, append_1}},
                                   {1, true, {read_nothing, append_2}}};
  CHECK(at(lost, Sight::prefix, {0, 10, 1, 11}));
  CHECK_FALSE(at(lost, Sight::snapshot, {0, 10, 1, 11}));
  CHECK_FALSE(at(lost, Sight::serial, {0, 10, 1, 11}));
  CHECK_FALSE(at(lost, Sight::parallel, {0, 10, 1, 11}));
  // Write skew.
  const std::vector<Drawn> skew = {{0, true, {{false, 1}, append_1}},
                                   {1, true, {read_nothing, {true, 1, 2}}}};
  CHECK(at(skew, Sight::snapshot, {0, 10, 1, 11}));
  CHECK(at(skew, Sight::parallel, {0, 10, 1, 11}));
  CHECK_FALSE(at(skew, Sight::serial, {0, 1, 10, 11}));
  // A stale read.
  const std::vector<Drawn> stale = {{0, true, {append_1}}, {1, true, {read_nothing}}};
  CHECK(at(stale, Sight::serial, {10, 11, 0, 1}));
  CHECK(at(stale, Sight::serial, {10, 11, 0, 1}, Timing::sessions));
  CHECK_FALSE(at(stale, Sight::serial, {10, 11, 0, 1}, Timing::real_time));
  CHECK(at(stale, Sight::committed, {0, 1, 10, 11}));
  CHECK_FALSE(at(stale, Sight::snapshot, {0, 1, 10, 11}));
}

}  // namespace gauntlet
