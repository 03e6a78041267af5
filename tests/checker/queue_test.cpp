// Queues and priority queues with unique values: the algorithms for them against the oracle, and on
// long histories against what was planted.
#include <doctest/doctest.h>

#include "agreement.hpp"
#include "bench/histories/simulated_history.hpp"
#include "model_histories.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

struct Tally {
  int valid = 0, invalid = 0, judged = 0;
  int inexact = 0;    // places that are upper bounds only
  int undecided = 0;  // left to the general search
};

/// Counts what the algorithm leaves open.
void count_open(const History& history, const Model& model, const std::string& algorithm,
                Tally& tally) {
  const auto parts = split(history, model, {});
  for (const Part& part : parts->parts) {
    const auto* judge = PartAlgorithmRegistry::instance().find(algorithm);
    if (!judge->applies(part)) continue;
    const Judgement judgement = judge->judge(part, {});
    tally.undecided += judgement.validity == Validity::unknown;
    tally.inexact += judgement.validity == Validity::invalid && !judgement.fatal_is_earliest;
  }
}

/// Small histories of unique values by one algorithm.
void fuzz(Random random, int count, const std::string& model_name, const std::string& algorithm,
          const ModelShape& shape, HistoryKind kind, Tally& tally) {
  const Model& model = *ModelRegistry::instance().find(model_name);
  for (int i = 0; i < count; ++i) {
    ModelShape varied = shape;
    varied.operations = static_cast<int>(random.between(2, shape.operations));
    varied.processes = static_cast<int>(random.between(2, shape.processes));
    const History history = make_history(model_operations(random, model, varied, kind));
    const Agreement agreement = agreement_on(history, model, {}, algorithm);
    (agreement.valid ? tally.valid : tally.invalid) += 1;
    tally.judged += agreement.judgements;
    count_open(history, model, algorithm, tally);
    if (agreement.problem.empty()) continue;
    CAPTURE(as_json_lines(history));
    FAIL_CHECK(agreement.problem);
    return;
  }
}

Tally fuzz_shapes(const std::string& model, const std::string& algorithm) {
  const Random random = Random(201).fork(model);
  Tally tally;
  int shape_number = 0;
  for (const double crash : {0.0, 0.15, 0.4}) {
    for (const double takes : {0.6, 1.0, 1.6, 3.0}) {
      const ModelShape shape{.operations = 9,
                             .processes = 6,
                             .values = 0,
                             .crash = crash,
                             .fail = 0.02,
                             .weights = {1.0, takes}};
      const Random own = random.fork(std::to_string(shape_number++));
      ModelShape small = shape;
      small.operations = 6;
      fuzz(own.fork("a"), fuzz_cases(1000), model, algorithm, small, HistoryKind::random, tally);
      fuzz(own.fork("b"), fuzz_cases(1000), model, algorithm, shape, HistoryKind::valid, tally);
      fuzz(own.fork("c"), fuzz_cases(2500), model, algorithm, shape, HistoryKind::mutated, tally);
    }
  }
  CHECK(tally.judged > (tally.valid + tally.invalid) * 9 / 10);
  CHECK(tally.valid > fuzz_cases(10000));
  CHECK(tally.invalid > fuzz_cases(5000));
  return tally;
}

/// Histories of some thirty operations, which the general search still judges, both ways.
void compare_with_search(const std::string& model_name, const std::string& algorithm) {
  const Model& model = *ModelRegistry::instance().find(model_name);
  Random random = Random(202).fork(model_name);
  const auto* special = PartAlgorithmRegistry::instance().find(algorithm);
  const auto* general = PartAlgorithmRegistry::instance().find("breadth");
  int invalid = 0;
  for (int i = 0; i < fuzz_cases(600); ++i) {
    const ModelShape shape{.operations = static_cast<int>(random.between(12, 36)),
                           .processes = static_cast<int>(random.between(2, 5)),
                           .values = 0,
                           .crash = random.chance(0.5) ? 0.04 : 0.0,
                           .fail = 0.0,
                           .weights = {1.0, random.chance(0.5) ? 1.0 : 1.4}};
    const HistoryKind kind = random.chance(0.3) ? HistoryKind::valid : HistoryKind::mutated;
    const History history = make_history(model_operations(random, model, shape, kind));
    const auto parts = split(history, model, {});
    const Verifier verifier(history, model, {});
    for (const Part& part : parts->parts) {
      if (!special->applies(part)) continue;
      Budget budget;
      budget.deadline = Deadline::after(std::chrono::milliseconds(200));
      const Judgement expected = general->judge(part, budget);
      if (expected.validity == Validity::unknown) continue;
      OracleAnswer answer{expected.validity == Validity::valid, no_event};
      if (!answer.valid) answer.place = part.operations[expected.fatal].completion;
      invalid += !answer.valid;
      CAPTURE(as_json_lines(history));
      const Judgement judgement = special->judge(part, {});
      if (judgement.validity == Validity::unknown) continue;
      REQUIRE(fault_of(judgement, part, answer, verifier) == "");
    }
  }
  CHECK(invalid > fuzz_cases(100));
}

/// Long simulated histories, valid and stale; with crashes as well.
void judge_long(const std::string& model_name, const std::string& algorithm) {
  const Model& model = *ModelRegistry::instance().find(model_name);
  const auto* special = PartAlgorithmRegistry::instance().find(algorithm);
  for (const double crash : {0.0, 0.001, 0.01}) {
    for (const Plant plant : {Plant::none, Plant::stale}) {
      SimulationOptions options{.model = model_name, .operations = 100'000, .processes = 20};
      options.values.count = 0;
      options.crash_share = crash;
      options.late_effects = crash > 0;
      options.plant = plant;
      History history;
      const auto result =
          simulate_history(options, [&](const Operation& operation) { history.append(operation); });
      REQUIRE(history.pair().has_value());
      const auto parts = split(history, model, {});
      const Part& part = parts->parts.at(0);
      REQUIRE(special->applies(part));
      const Judgement judgement = special->judge(part, {});
      CAPTURE(crash);
      CAPTURE(judgement.reason);
      if (plant == Plant::none) {
        const Verifier verifier(history, model, {});
        CHECK(fault_of(judgement, part, {}, verifier) == "");
        continue;
      }
      CHECK(judgement.validity == Validity::invalid);
      const auto place = std::int64_t{part.operations[judgement.fatal].completion};
      CHECK(place >= result->planted_index);
      CHECK(place <= result->violation_index);
    }
  }
}

}  // namespace

TEST_CASE("queues of unique values agree with the oracle") {
  const Tally tally = fuzz_shapes("queue", "queue-values");
  CHECK(tally.undecided == 0);
  CHECK(tally.inexact * 1000 < tally.invalid);
}

TEST_CASE("priority queues of unique values agree with the oracle") {
  const Tally tally = fuzz_shapes("priority-queue", "priority-queue-values");
  CHECK(tally.undecided * 100 < tally.judged);
  CHECK(tally.inexact * 8 < tally.invalid);  // values that are answered twice, mostly
}

TEST_CASE("queues of unique values agree with the general search") {
  compare_with_search("queue", "queue-values");
  compare_with_search("priority-queue", "priority-queue-values");
}

TEST_CASE("long histories of queues of unique values get the verdict that is known") {
  judge_long("queue", "queue-values");
  judge_long("priority-queue", "priority-queue-values");
}

TEST_CASE("a priority queue of texts and numbers") {
  const auto judge = [](const std::vector<Value>& inserted, const std::vector<Value>& extracted) {
    std::vector<TestOperation> operations;
    int now = 0;
    for (const Value& value : inserted) {
      operations.push_back({0, "insert", value, value, now, now + 1});
      now += 2;
    }
    for (const Value& value : extracted) {
      operations.push_back({0, "extract", {}, value, now, now + 1});
      now += 2;
    }
    const History history = make_history(operations);
    const auto parts = split(history, *ModelRegistry::instance().find("priority-queue"), {});
    const auto* algorithm = PartAlgorithmRegistry::instance().find("priority-queue-values");
    REQUIRE(algorithm->applies(parts->parts[0]));
    return algorithm->judge(parts->parts[0], {});
  };
  CHECK(judge({"b", "a", 3, -1}, {-1, 3, "a", "b", {}}).validity == Validity::valid);
  CHECK(judge({"b", "a", 3, -1}, {-1, "a"}).validity == Validity::invalid);
  CHECK(judge({"b", "a"}, {"b"}).validity == Validity::invalid);
  // Their texts are cut before they differ.
  const Value first = std::string(300, 'x') + "1", second = std::string(300, 'x') + "2";
  CHECK(judge({first, second}, {first}).validity == Validity::unknown);
}

TEST_CASE("the algorithms for queues stop when their budget is used up") {
  for (const char* name : {"queue", "priority-queue"}) {
    const Model& model = *ModelRegistry::instance().find(name);
    Random random(203);
    const ModelShape shape{.operations = 50, .processes = 3, .values = 0, .crash = 0};
    const History history =
        make_history(model_operations(random, model, shape, HistoryKind::valid));
    const auto parts = split(history, model, {});
    Budget budget;
    budget.deadline = Deadline::after(std::chrono::nanoseconds(0));
    const auto* algorithm = PartAlgorithmRegistry::instance().find(std::string(name) + "-values");
    const Judgement judgement = algorithm->judge(parts->parts[0], budget);
    CHECK(judgement.validity == Validity::unknown);
    CHECK(judgement.reason == "the time limit was reached");
  }
}
