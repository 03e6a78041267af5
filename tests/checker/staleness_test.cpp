// The measures of staleness against brute force (all orders, all shifts), on histories with planted
// lags, and on long ones.
#include "checker/staleness/staleness.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <functional>
#include <map>
#include <numeric>

#include "bench/histories/simulated_history.hpp"
#include "checker/staleness/k_atomicity.hpp"
#include "histories.hpp"
#include "oracle.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

constexpr int initial = 0;

CheckOptions options_of() {
  CheckOptions options;
  options.initial = initial;
  return options;
}

bool is_open(const TestOperation& operation) {
  return operation.type != OperationType::ok;
}

int value_read(const TestOperation& operation) {
  return static_cast<int>(operation.f == "read" ? operation.answer.integer()
                                                : operation.value.items()[0].integer());
}

int value_written(const TestOperation& operation) {
  return static_cast<int>(operation.f == "write" ? operation.value.integer()
                                                 : operation.value.items()[1].integer());
}

/// Every order of the operations, by trying all: what is the smallest k, and by how many versions
/// does each read lag behind at least, whatever the other reads answer?
class AllOrders {
 public:
  explicit AllOrders(const std::vector<TestOperation>& operations) {
    for (const TestOperation& operation : operations) {
      if (operation.type == OperationType::fail) continue;
      if (operation.f == "read" && is_open(operation)) continue;
      operations_.push_back(operation);
    }
  }

  int smallest_k() {
    for (k_ = 1;; ++k_) {
      if (k_ > static_cast<int>(operations_.size()) + 1) return 0;  // none
      taken_.assign(operations_.size(), false);
      written_ = {initial};
      if (extend({})) return k_;
    }
  }

  /// By position among the operations that count.
  std::map<std::size_t, int> least_versions() {
    k_ = static_cast<int>(operations_.size()) + 1;
    least_.clear();
    taken_.assign(operations_.size(), false);
    written_ = {initial};
    extend([&](std::size_t i, int behind) { now_[i] = behind; });
    return least_;
  }

 private:
  bool extend(const std::function<void(std::size_t, int)>& note) {
    bool done = true;
    for (std::size_t i = 0; i < operations_.size(); ++i)
      done = done && (taken_[i] || is_open(operations_[i]));
    if (done && !note) return true;
    if (done) {
      for (const auto& [i, behind] : now_) {
        const auto [at, is_new] = least_.try_emplace(i, behind);
        at->second = std::min(at->second, behind);
      }
    }
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (taken_[i] || !is_next(i)) continue;
      const TestOperation& operation = operations_[i];
      const std::vector<int> before = written_;
      if (operation.f != "write") {
        int behind = 0;
        while (behind < static_cast<int>(written_.size()) &&
               written_[written_.size() - 1 - static_cast<std::size_t>(behind)] !=
                   value_read(operation)) {
          ++behind;
        }
        if (behind >= k_ || behind == static_cast<int>(written_.size())) continue;
        if (note) note(i, behind);
      }
      if (operation.f != "read") written_.push_back(value_written(operation));
      taken_[i] = true;
      if (extend(note)) return true;
      taken_[i] = false;
      written_ = before;
    }
    return false;
  }

  bool is_next(std::size_t i) const {
    for (std::size_t j = 0; j < operations_.size(); ++j) {
      if (!taken_[j] && !is_open(operations_[j]) &&
          operations_[j].completed < operations_[i].invoked) {
        return false;
      }
    }
    return true;
  }

  std::vector<TestOperation> operations_;
  std::vector<bool> taken_;
  std::vector<int> written_;
  int k_ = 1;
  std::map<std::size_t, int> now_, least_;
};

/// Whether the history is linearizable once its reads begin `shift` moments earlier.
bool is_linearizable_shifted(std::vector<TestOperation> operations, int shift) {
  int process = 0;
  for (TestOperation& operation : operations) {
    operation.process = process++;
    operation.invoked = operation.invoked * 2;
    operation.completed = operation.completed * 2;
    // Right before whatever stands at that moment.
    if (operation.f == "read") operation.invoked -= 2 * shift + 1;
  }
  const History history = make_history(operations);
  const CheckOptions options = options_of();
  return RegisterOracle(history, options).judge().valid;
}

int smallest_shift(const std::vector<TestOperation>& operations) {
  for (int shift = 0;; ++shift) {
    if (is_linearizable_shifted(operations, shift)) return shift;
  }
}

/// Takes away completed reads of what nobody had begun to write.
std::size_t drop_unexplained(std::vector<TestOperation>& operations) {
  const std::vector<TestOperation> all = operations;
  return std::erase_if(operations, [&](const TestOperation& read) {
    if (read.f != "read" || is_open(read) || read.answer == Value(initial)) return false;
    return std::none_of(all.begin(), all.end(), [&](const TestOperation& other) {
      return other.f != "read" && other.type != OperationType::fail &&
             value_written(other) == value_read(read) && other.invoked < read.completed;
    });
  });
}

/// With a read and a write in the place of each compare-and-set, and a write if it crashed.
std::vector<TestOperation> split_cas(const std::vector<TestOperation>& operations) {
  std::vector<TestOperation> result;
  int process = 1000;
  for (const TestOperation& operation : operations) {
    if (operation.f != "cas") {
      result.push_back(operation);
      continue;
    }
    TestOperation write = operation;
    write.f = "write";
    write.value = write.answer = operation.value.items()[1];
    write.process = process++;
    result.push_back(write);
    if (is_open(operation)) continue;
    TestOperation read = operation;
    read.f = "read";
    read.value = {};
    read.answer = operation.value.items()[0];
    read.process = process++;
    result.push_back(read);
  }
  return result;
}

Staleness measure(const History& history, Validity validity,
                  const std::string& model = "cas-register") {
  const CheckOptions options = options_of();
  const auto parts = split(history, *ModelRegistry::instance().find(model), options);
  REQUIRE(parts->parts.size() == 1);
  const auto measured = measure_staleness(parts->parts[0], validity, 1000, Budget{});
  REQUIRE(measured.has_value());
  return *measured;
}

std::string dump(const History& history) {
  std::string text;
  for (EventIndex i = 0; i < history.size(); ++i)
    append_json_line(text, history.operation(i));
  return text;
}

Nanos max_of(const std::vector<Nanos>& lags_ns) {
  return lags_ns.empty() ? 0 : *std::max_element(lags_ns.begin(), lags_ns.end());
}

struct Tally {
  int cases = 0, stale = 0, beyond_two = 0, exact = 0, unexplained = 0;
};

/// "" if what is measured of the history agrees with what all orders and all shifts say.
std::string disagreement(std::vector<TestOperation> operations, bool is_exact, Tally& tally) {
  const CheckOptions options = options_of();
  const History whole = make_history(operations);
  const bool whole_is_valid = RegisterOracle(whole, options).judge().valid;
  operations = split_cas(operations);
  const std::size_t unexplained = drop_unexplained(operations);
  if (operations.empty()) return "";
  const History history = make_history(operations);
  const bool is_valid = RegisterOracle(history, options).judge().valid;
  // As unknown: nothing must be taken from the verdict.
  const Staleness measured = measure(whole, Validity::unknown);
  const Staleness informed = measure(whole, whole_is_valid ? Validity::unknown : Validity::invalid);
  if (measured.unexplained != unexplained) return "unexplained";
  ++tally.cases;
  tally.unexplained += unexplained > 0;
  AllOrders orders(operations);
  const auto k = static_cast<std::uint32_t>(orders.smallest_k());
  if (k == 0) return "no order at all";
  if ((k == 1) != is_valid) return "the oracle and all orders differ";
  for (const Staleness& m : {measured, informed}) {
    if (m.k.least > k) return "k at least " + std::to_string(m.k.least);
    if (m.k.most && *m.k.most < k) return "k at most " + std::to_string(*m.k.most);
    if (m.is_two_atomic && *m.is_two_atomic != (k <= 2)) return "2-atomic";
  }
  std::size_t stale = 0;
  std::uint32_t versions = 0;
  for (const auto& [read, least] : orders.least_versions()) {
    stale += least > 0;
    versions = std::max(versions, static_cast<std::uint32_t>(least));
  }
  if (measured.stale > stale || measured.versions_max > versions) return "versions of reads";
  tally.stale += stale > 0;
  tally.beyond_two += k > 2;
  tally.exact += measured.k.is_exact();
  const Nanos delta_ns = smallest_shift(operations) * nanos_per_millisecond;
  if (measured.delta_ns.least > delta_ns) return "delta at least";
  if (!measured.delta_ns.most || *measured.delta_ns.most < delta_ns) return "delta at most";
  if (max_of(measured.lags_ns) > delta_ns) return "a lag above delta";
  if (!is_exact) return "";
  if (measured.stale != stale || measured.versions_max != versions) return "versions, exactly";
  if (!measured.delta_ns.is_exact()) return "delta is not exact";
  if (!measured.k.most || !measured.is_two_atomic) return "k is not bounded";
  if (k <= 2 && !measured.k.is_exact()) return "k is not exact";
  return "";
}

using Make = std::function<std::vector<TestOperation>(Random&)>;

Tally fuzz(std::uint64_t seed, int count, bool is_exact, const Make& make) {
  Random random(seed);
  Tally tally;
  for (int i = 0; i < count; ++i) {
    const std::vector<TestOperation> operations = make(random);
    const std::string problem = disagreement(operations, is_exact, tally);
    if (problem.empty()) continue;
    CAPTURE(dump(make_history(operations)));
    FAIL_CHECK(problem);
    break;
  }
  return tally;
}

/// Operations that overlap at random; no value is written twice, reads answer any that was begun.
std::vector<TestOperation> unique_operations(Random& random, const RandomShape& shape) {
  RandomShape varied = shape;
  varied.operations = static_cast<int>(random.between(3, shape.operations));
  varied.processes = static_cast<int>(random.between(2, shape.processes));
  varied.values = 2;  // replaced below
  std::vector<TestOperation> operations = random_operations(random, varied);
  int next = 1;
  for (TestOperation& operation : operations) {
    if (operation.f == "write") operation.value = operation.answer = next++;
    if (operation.f == "cas") {
      operation.value = operation.answer =
          Value::list({static_cast<int>(random.below(static_cast<std::uint64_t>(next))), next});
      ++next;
    }
  }
  for (TestOperation& operation : operations) {
    if (operation.f != "read") continue;
    std::vector<int> begun{initial};
    for (const TestOperation& other : operations) {
      if (other.f != "read" && (other.invoked < operation.completed || random.chance(0.01))) {
        begun.push_back(value_written(other));
      }
    }
    operation.answer = begun[random.below(begun.size())];
  }
  return operations;
}

}  // namespace

TEST_CASE("delta and k of unique values agree with all orders and all shifts") {
  const auto make = [](RandomShape shape) {
    return [shape](Random& random) { return unique_operations(random, shape); };
  };
  const Tally few = fuzz(1, 4000, true, make({6, 3, 0, 0.1, 0.5, 0.5}));
  CHECK(few.stale > 500);
  CHECK(few.beyond_two > 200);
  CHECK(few.unexplained > 10);
  const Tally wide = fuzz(2, 3000, true, make({7, 6, 0, 0.15, 0.5, 0.5}));
  CHECK(wide.beyond_two > 50);
  CHECK(wide.exact > wide.cases * 9 / 10);
  const Tally writes = fuzz(3, 3000, true, make({8, 5, 0, 0.1, 0.3, 0.7}));
  CHECK(writes.beyond_two > 100);
  CHECK(writes.exact > writes.cases * 9 / 10);
}

TEST_CASE("bounds of repeated values and compare-and-sets hold in all orders") {
  const Tally repeated = fuzz(11, 4000, false, [](Random& random) {
    RandomShape shape{static_cast<int>(random.between(3, 7)), 4, 3, 0.1, 0.5, 0.5};
    return random_operations(random, shape);
  });
  CHECK(repeated.stale > 200);
  CHECK(repeated.exact > repeated.cases * 9 / 10);
  const Tally chains = fuzz(12, 3000, true, [](Random& random) {
    return unique_operations(random, {7, 4, 0, 0.1, 0.4, 0.3});
  });
  CHECK(chains.stale > 200);
  const Tally both = fuzz(13, 2000, false, [](Random& random) {
    RandomShape shape{static_cast<int>(random.between(3, 6)), 3, 3, 0.1, 0.4, 0.3};
    return random_operations(random, shape);
  });
  CHECK(both.stale > 50);
}

TEST_CASE("2-atomicity and the bound of k agree with all orders of random zones") {
  Random random(21);
  int beyond_two = 0, loose = 0;
  for (int round = 0; round < 40'000; ++round) {
    // Up to 7 zones: begin, first return and last invocation at moments of their own.
    const auto size = static_cast<std::uint32_t>(random.between(1, 7));
    std::vector<staleness::Moment> moments(3 * size);
    std::iota(moments.begin(), moments.end(), 0);
    for (std::size_t i = moments.size() - 1; i > 0; --i)
      std::swap(moments[i], moments[random.below(i + 1)]);
    std::vector<staleness::Zone> zones;
    for (std::uint32_t i = 0; i < size; ++i) {
      std::sort(moments.begin() + 3 * i, moments.begin() + 3 * i + 3);
      const staleness::Moment* at = &moments[3 * i];
      const bool is_forward = random.chance(0.6);
      zones.push_back({i, at[0], is_forward ? at[1] : at[2], is_forward ? at[2] : at[1]});
    }
    std::sort(zones.begin(), zones.end(),
              [](const auto& a, const auto& b) { return a.first_return < b.first_return; });
    const auto problem =
        staleness::write_order_problem(zones, static_cast<staleness::Moment>(moments.size()));
    std::vector<std::uint32_t> order(size);
    std::iota(order.begin(), order.end(), 0);
    std::uint32_t k = size + 1;
    do {
      k = std::min(k, staleness::k_of_order(problem, order).value_or(size + 1));
    } while (std::next_permutation(order.begin(), order.end()));
    REQUIRE(staleness::is_two_atomic(problem) == (k <= 2));
    const std::uint32_t upper = staleness::k_upper_bound(problem, 1);
    REQUIRE(upper >= k);
    REQUIRE((upper == 1) == (k == 1));
    beyond_two += k > 2;
    loose += k > 2 && upper > k;
  }
  CHECK(beyond_two > 5000);
  CHECK(loose < beyond_two / 5);
}

namespace {

History simulated(const SimulationOptions& options) {
  History history;
  REQUIRE(simulate_history(options, [&](const Operation& o) { history.append(o); }).has_value());
  REQUIRE(history.pair().has_value());
  return history;
}

/// A simulated history of unique values with reads that answer a value overwritten long before.
class LaggingReads {
 public:
  LaggingReads(std::int64_t operations, std::int64_t processes, std::uint64_t seed) {
    SimulationOptions options;
    options.operations = operations;
    options.processes = processes;
    options.values.count = 0;
    options.seed = seed;
    REQUIRE(simulate_history(options, [&](const Operation& o) { rows_.push_back(o); }).has_value());
  }

  /// Appends a write, `versions` writes after it, and a read of the first after `lag_ns`, all one
  /// after another.
  void plant(std::uint32_t versions, Nanos lag_ns) {
    const Process process = 1'000'000;
    Nanos now_ns = rows_.back().time_ns;
    const std::int64_t first = next_value_;
    const auto add = [&](const char* f, std::int64_t value, bool is_read) {
      for (const OperationType type : {OperationType::invoke, OperationType::ok}) {
        Operation operation;
        operation.index = static_cast<std::int64_t>(rows_.size());
        operation.time_ns = now_ns;
        operation.type = type;
        operation.process = process;
        operation.f = f;
        if (!is_read || type == OperationType::ok) operation.value = value;
        rows_.push_back(operation);
        now_ns += 10;
      }
    };
    for (std::uint32_t i = 0; i <= versions; ++i)
      add("write", next_value_++, false);
    // The first of these to overwrite it returned `versions - 1` writes ago.
    const Nanos overwritten_ns = now_ns - 10 - static_cast<Nanos>(versions - 1) * 20;
    now_ns = overwritten_ns + lag_ns;
    add("read", first, true);
  }

  History history() const {
    History history;
    for (const Operation& row : rows_)
      history.append(row);
    REQUIRE(history.pair().has_value());
    return history;
  }

 private:
  std::vector<Operation> rows_;
  std::int64_t next_value_ = 1'000'000'000;
};

}  // namespace

TEST_CASE("planted lags are measured as they were planted") {
  LaggingReads lagging(5000, 10, 3);
  lagging.plant(1, 100);
  const Staleness two = measure(lagging.history(), Validity::invalid, "register");
  CHECK(two.stale == 1);
  CHECK(two.unexplained == 0);
  CHECK(two.versions_max == 1);
  CHECK(two.lags_ns == std::vector<Nanos>{100});
  CHECK(two.delta_ns.least == 100);
  CHECK(two.delta_ns.is_exact());
  CHECK(two.k.least == 2);
  CHECK(two.k.is_exact());
  CHECK(two.is_two_atomic == true);

  lagging.plant(17, 1'570'000'000);
  lagging.plant(5, 20'000);
  const Staleness many = measure(lagging.history(), Validity::invalid, "register");
  CHECK(many.stale == 3);
  CHECK(many.versions_max == 17);
  CHECK(max_of(many.lags_ns) == 1'570'000'000);
  CHECK(many.delta_ns.least == 1'570'000'000);
  CHECK(many.delta_ns.is_exact());
  CHECK(many.k.least == 18);
  CHECK(many.k.is_exact());
  CHECK(many.is_two_atomic == false);
}

TEST_CASE("a long history of many stale reads is measured in little time") {
  SimulationOptions options;
  options.operations = 200'000;
  options.processes = 10;
  options.values.count = 0;
  std::vector<Value> answers;
  History history;
  const auto answer_late = [&](Operation operation) {
    if (operation.f == "read" && operation.type == OperationType::ok) {
      answers.push_back(operation.value);
      if (answers.size() > 40 && answers.size() % 2 == 0) {
        operation.value = answers[answers.size() - 40];
      }
    }
    history.append(operation);
  };
  REQUIRE(simulate_history(options, answer_late).has_value());
  REQUIRE(history.pair().has_value());
  const std::clock_t before = std::clock();
  const Staleness lagging = measure(history, Validity::invalid, "register");
  const double cpu_s = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  CHECK(cpu_s < 2);  // a tenth of that on an idle machine, with splitting
  CHECK(lagging.stale > 40'000);
  CHECK(lagging.versions_max > 39);
  CHECK(lagging.k.least > lagging.versions_max);
  CHECK(lagging.k.most >= lagging.k.least);
  CHECK(*lagging.k.most < lagging.k.least + 20);
  CHECK(lagging.delta_ns.is_exact());
  CHECK(lagging.delta_ns.least >= max_of(lagging.lags_ns));
}

TEST_CASE("valid histories are not stale at all") {
  for (const std::int64_t processes : {2, 10, 50}) {
    SimulationOptions options;
    options.operations = 20'000;
    options.processes = processes;
    options.values.count = 0;
    options.crash_share = 0.01;
    const Staleness fresh = measure(simulated(options), Validity::unknown, "register");
    CHECK(fresh.stale == 0);
    CHECK(fresh.delta_ns.least == 0);
    CHECK(fresh.delta_ns.is_exact());
    CHECK(fresh.k.least == 1);
    CHECK(fresh.k.is_exact());
    options.values.count = 5;
    const Staleness repeated = measure(simulated(options), Validity::unknown, "register");
    CHECK(repeated.stale == 0);
    CHECK(repeated.delta_ns.least == 0);
    CHECK(repeated.k.least == 1);
  }
}

TEST_CASE("staleness is part of an invalid verdict, and never changes it") {
  LaggingReads lagging(2000, 5, 4);
  lagging.plant(3, 5000);
  const History history = lagging.history();
  const Checker& checker = *CheckerRegistry::instance().find("linearizable");
  CheckOptions options = options_of();
  const Verdict verdict = checker.check(history, options);
  CHECK(verdict.validity == Validity::invalid);
  const Value* staleness = verdict.statistics.find("staleness");
  REQUIRE(staleness != nullptr);
  CHECK(staleness->find("stale_reads")->integer() == 1);
  CHECK(staleness->find("versions_max")->integer() == 3);
  CHECK(staleness->find("lag_ns")->find("max")->integer() == 5000);
  CHECK(staleness->find("delta_ns")->find("exact")->boolean());
  CHECK(staleness->find("k")->find("most")->integer() == 4);
  CHECK(staleness->find("two_atomic")->boolean() == false);
  CHECK(staleness->find("note") == nullptr);
}

TEST_CASE("without a budget staleness says what it left out") {
  LaggingReads lagging(2000, 5, 4);
  lagging.plant(3, 5000);
  const History history = lagging.history();
  const CheckOptions options = options_of();
  const auto parts = split(history, *ModelRegistry::instance().find("register"), options);
  const std::atomic<bool> stop{true};
  Budget budget;
  budget.stop = &stop;
  const Value value =
      staleness_statistics(parts->parts, {{"", Validity::invalid, "", 2000}}, budget);
  CHECK(value.find("stale_reads")->integer() == 0);
  CHECK(value.find("k")->find("most")->is_nil());
  REQUIRE(value.find("note") != nullptr);
  CHECK(value.find("note")->string().find("the budget did not suffice") != std::string::npos);
}
