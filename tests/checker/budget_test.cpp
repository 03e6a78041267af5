// Budgets, threads and the competition of the searches: what ends, what is kept, and that what
// comes out does not depend on who was faster.
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "checker/linearizable/algorithm.hpp"
#include "checker/linearizable/general/general_search.hpp"
#include "checker/linearizable/parallel.hpp"
#include "checker/verifier.hpp"
#include "histories.hpp"
#include "history/reader.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

/// Keys with a register each, of which some read a value that was never there.
History many_keys(std::uint64_t seed, int keys) {
  Random random(seed);
  std::vector<TestOperation> operations;
  for (int key = 0; key < keys; ++key) {
    const RandomShape shape{40, 5, 3, 0.05, 0.3, 0.4};
    for (TestOperation operation : simulated_operations(random, shape, key % 3 == 0 ? 0.2 : 0)) {
      operation.process += 1000 * key;
      operation.invoked += 1000 * key;
      operation.completed += 1000 * key;
      operation.key = key;
      operations.push_back(operation);
    }
  }
  return make_history(operations);
}

Verdict check(const History& history, const CheckOptions& options) {
  return CheckerRegistry::instance().find("linearizable")->check(history, options);
}

void check_same(const Verdict& a, const Verdict& b) {
  CHECK(a.validity == b.validity);
  CHECK(a.reason == b.reason);
  CHECK(a.algorithm == b.algorithm);
  CHECK(a.statistics == b.statistics);
  REQUIRE(a.parts.size() == b.parts.size());
  for (std::size_t i = 0; i < a.parts.size(); ++i) {
    CHECK(a.parts[i].key == b.parts[i].key);
    CHECK(a.parts[i].validity == b.parts[i].validity);
    CHECK(a.parts[i].reason == b.parts[i].reason);
  }
  REQUIRE(a.anomalies.size() == b.anomalies.size());
  for (std::size_t i = 0; i < a.anomalies.size(); ++i) {
    CHECK(a.anomalies[i].key == b.anomalies[i].key);
    CHECK(a.anomalies[i].name == b.anomalies[i].name);
    CHECK(a.anomalies[i].operations == b.anomalies[i].operations);
  }
}

}  // namespace

TEST_CASE("a verdict does not depend on the number of threads") {
  const History history = many_keys(1, 60);
  CheckOptions options;
  options.initial = 0;
  options.anomalies_max = 5;
  const Verdict alone = check(history, options);
  CHECK(alone.validity == Validity::invalid);
  CHECK(alone.parts_total == 60);
  CHECK(alone.anomalies.size() == 5);
  for (const unsigned threads : {2u, 7u, 100u}) {
    options.threads = threads;
    check_same(alone, check(history, options));
  }
}

TEST_CASE("the competition answers the same side by side as in turns") {
  const PartAlgorithm* competition = PartAlgorithmRegistry::instance().find("general");
  const PartAlgorithm* breadth = PartAlgorithmRegistry::instance().find("breadth");
  const Model* model = ModelRegistry::instance().find("cas-register");
  CheckOptions options;
  options.initial = 0;
  std::size_t long_ones = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Random random(seed);
    const RandomShape shape{400, 14, 4, 0.005, 0.3, 0.3};
    const History history =
        make_history(simulated_operations(random, shape, seed % 2 == 0 ? 0.003 : 0));
    const auto parts = split(history, *model, options);
    const Part& part = parts->parts[0];
    const Judgement in_turns = competition->judge(part, Budget{});
    std::atomic<int> spare = 1;
    Budget budget;
    budget.spare_threads = &spare;
    const Judgement side_by_side = competition->judge(part, budget);
    CHECK(spare == 1);
    CHECK(in_turns.validity == side_by_side.validity);
    CHECK(in_turns.algorithm == side_by_side.algorithm);
    CHECK(in_turns.order == side_by_side.order);
    CHECK(in_turns.fatal == side_by_side.fatal);
    CHECK(in_turns.configurations == side_by_side.configurations);
    const Judgement expected = breadth->judge(part, Budget{});
    CHECK(in_turns.validity == expected.validity);
    CHECK(in_turns.fatal == expected.fatal);
    long_ones += in_turns.configurations > 5000;
  }
  CHECK(long_ones > 0);  // or no round was played side by side
}

TEST_CASE("a search that is interrupted now and then finds what it finds in one go") {
  const Model* model = ModelRegistry::instance().find("cas-register");
  CheckOptions options;
  options.initial = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    const RandomShape shape{60, 6, 3, 0.05, 0.3, 0.3};
    const History history =
        make_history(simulated_operations(random, shape, seed % 2 == 0 ? 0.03 : 0));
    const auto parts = split(history, *model, options);
    const Budget budget;
    for (auto* make : {make_breadth_search, make_depth_search}) {
      const auto whole = make(parts->parts[0], budget, {});
      const Judgement expected = run_alone(*whole);
      const auto search = make(parts->parts[0], budget, {});
      while (search->advance(3) == GeneralSearch::State::running) {
      }
      const Judgement judgement = search->judgement();
      CHECK(judgement.validity == expected.validity);
      CHECK(judgement.fatal == expected.fatal);
      CHECK(judgement.order == expected.order);
    }
  }
}

TEST_CASE("an analysis that is stopped says so, before and after the judging") {
  const History history = many_keys(2, 6);
  std::atomic<bool> stop = true;
  CheckOptions options;
  options.initial = 0;
  options.budget.stop = &stop;
  const Verdict nothing = check(history, options);
  CHECK(nothing.validity == Validity::unknown);
  CHECK(nothing.reason.find("interrupted") != std::string::npos);

  // Stopped when all is judged and nothing explained: the verdicts stand.
  stop = false;
  options.progress = [&](double done) { stop = done >= 1; };
  const Verdict judged = check(history, options);
  CHECK(judged.validity == Validity::invalid);
  CHECK(judged.anomalies_total > 0);
  CHECK(!judged.anomalies.empty());
}

TEST_CASE("the verifier stops when its budget is used up, and says that nothing is wrong") {
  const History history = many_keys(3, 1);
  const Model* model = ModelRegistry::instance().find("cas-register");
  CheckOptions options;
  options.initial = 0;
  options.budget.deadline = Deadline::until(0);
  const Verifier verifier(history, *model, options);
  const auto accepted = verifier.order({history.key(0), {0}});
  REQUIRE(!accepted);
  CHECK(accepted.error().kind == ErrorKind::timeout);
}

TEST_CASE("reading ends with its budget") {
  std::string text;
  for (int i = 0; i < 10; ++i) {
    text += "{\"index\":" + std::to_string(i) +
            ",\"type\":\"invoke\",\"process\":" + std::to_string(i) +
            ",\"f\":\"read\",\"value\":null}\n";
  }
  const std::string path = "/tmp/gauntlet-budget-test-" + std::to_string(::getpid());
  std::ofstream(path) << text;
  Budget budget;
  budget.deadline = Deadline::until(0);
  const auto late = read_history(path, HistoryFormat::detect, budget);
  REQUIRE(!late);
  CHECK(late.error().kind == ErrorKind::timeout);
  budget = {};
  budget.memory_bytes_max = 1;
  const auto large = read_history(path, HistoryFormat::detect, budget);
  REQUIRE(!large);
  CHECK(large.error().kind == ErrorKind::resource);
  std::atomic<bool> stop = true;
  budget = {};
  budget.stop = &stop;
  const auto stopped = read_history(path, HistoryFormat::detect, budget);
  REQUIRE(!stopped);
  CHECK(stopped.error().kind == ErrorKind::interrupted);
  CHECK(read_history(path).has_value());
  std::filesystem::remove(path);
}

TEST_CASE("every piece of work is done once, on however many threads") {
  for (const unsigned threads : {0u, 1u, 3u, 50u}) {
    std::vector<std::atomic<int>> done(20);
    std::atomic<int> spare = 0;
    in_parallel(done.size(), threads, spare, [&](std::size_t i) { ++done[i]; });
    for (const auto& times : done)
      CHECK(times == 1);
    CHECK(spare == static_cast<int>(std::max(threads, 1u)));
    const SpareThread taken(&spare);
    CHECK(taken);
    CHECK(spare == static_cast<int>(std::max(threads, 1u)) - 1);
  }
  CHECK(!SpareThread(nullptr));
}
