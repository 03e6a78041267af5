// Every algorithm on every model that it applies to against the oracle: verdict, place and order,
// on random, simulated and mutated histories.
#include <doctest/doctest.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>

#include "agreement.hpp"
#include "model_histories.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

struct Count {
  int valid = 0, invalid = 0;

  void add(bool is_valid) { (is_valid ? valid : invalid) += 1; }
};

struct Tally {
  Count histories;
  std::map<std::string, Count, std::less<>> judged;  // by algorithm
};

/// Judges `count` histories of varied shapes up to `shape`.
void fuzz(Random random, int count, const Model& model, const ModelShape& shape, HistoryKind kind,
          Tally& tally) {
  for (int i = 0; i < count; ++i) {
    ModelShape varied = shape;
    varied.operations = static_cast<int>(random.between(2, shape.operations));
    varied.processes = static_cast<int>(random.between(2, shape.processes));
    const History history = make_history(model_operations(random, model, varied, kind));
    const Agreement agreement = agreement_on(history, model, options_for(model.name()));
    tally.histories.add(agreement.valid);
    for (const Agreement::Judged& judged : agreement.judged)
      tally.judged[std::string(judged.algorithm)].add(judged.valid);
    if (agreement.problem.empty() && (agreement.valid || kind != HistoryKind::valid)) continue;
    CAPTURE(as_json_lines(history));
    FAIL_CHECK(agreement.problem << (agreement.valid ? "" : " (the oracle finds a violation)"));
    return;
  }
}

}  // namespace

TEST_CASE("algorithms agree with the oracle on random histories of every model") {
  std::map<std::string, Count, std::less<>> judged;
  for (const Model* model : ModelRegistry::instance().all()) {
    const std::string name(model->name());
    CAPTURE(name);
    const Random random = Random(101).fork(name);
    Tally tally;
    for (const int values : {2, 3, 0}) {
      const ModelShape shape{.values = values};
      const std::string label = std::to_string(values);
      fuzz(random.fork("a" + label), fuzz_cases(1500), *model, shape, HistoryKind::random, tally);
      ModelShape larger{.operations = 9, .processes = 5, .values = values, .crash = 0.1};
      fuzz(random.fork("b" + label), fuzz_cases(1500), *model, larger, HistoryKind::valid, tally);
      fuzz(random.fork("c" + label), fuzz_cases(2500), *model, larger, HistoryKind::mutated, tally);
      larger.crash = 0.4;
      fuzz(random.fork("d" + label), fuzz_cases(1500), *model, larger, HistoryKind::mutated, tally);
    }

    CHECK(tally.histories.valid > fuzz_cases(2500));
    CHECK(tally.histories.invalid > fuzz_cases(1000));
    for (const auto& [algorithm, count] : tally.judged) {
      judged[algorithm].valid += count.valid;
      judged[algorithm].invalid += count.invalid;
    }
  }
  // Each of them has been put to the test, whatever its conditions.
  for (const PartAlgorithm* algorithm : PartAlgorithmRegistry::instance().all()) {
    const Count& count = judged[std::string(algorithm->name())];
    CAPTURE(std::string(algorithm->name()));
    CHECK(count.valid > fuzz_cases(1000));
    CHECK(count.invalid > fuzz_cases(300));
  }
}

namespace {

/// The histories of several keys at the same time, each by processes of its own.
History of_keys(Random& random, const Model& model, int keys) {
  std::vector<TestOperation> all;
  for (int key = 0; key < keys; ++key) {
    ModelShape shape{.operations = static_cast<int>(random.between(2, 7))};
    shape.values = static_cast<int>(random.between(0, 3));
    const auto kind = static_cast<HistoryKind>(random.below(3));
    for (TestOperation operation : model_operations(random, model, shape, kind)) {
      operation.key = "key " + std::to_string(key);
      operation.process = operation.process * keys + key;
      operation.invoked = operation.invoked * keys + key;
      operation.completed = operation.completed * keys + key;
      all.push_back(std::move(operation));
    }
  }
  return make_history(all);
}

}  // namespace

TEST_CASE("the checker agrees with the oracle on histories of several keys") {
  const Checker& checker = *CheckerRegistry::instance().find("linearizable");
  int valid = 0, invalid = 0;
  for (const Model* model : ModelRegistry::instance().all()) {
    Random random = Random(102).fork(model->name());
    for (int i = 0; i < fuzz_cases(500); ++i) {
      const History history = of_keys(random, *model, static_cast<int>(random.between(2, 3)));
      CAPTURE(model->name());
      CAPTURE(as_json_lines(history));
      const CheckOptions options = options_for(model->name());
      const Verdict verdict = checker.check(history, options);
      boost::unordered_flat_map<std::string, OracleAnswer> expected;  // by key, as text
      bool is_valid = true;
      for (EventIndex e = 0; e < history.size(); ++e) {
        const auto [at, is_new] = expected.try_emplace(history.values().to_text(history.key(e)));
        if (!is_new) continue;
        at->second = ModelOracle(history, *model, options, history.key(e)).judge();
        is_valid = is_valid && at->second.valid;
      }
      (is_valid ? valid : invalid) += 1;
      REQUIRE(verdict.operations > 0);
      REQUIRE((verdict.validity == Validity::invalid) == !is_valid);
      const bool says_little = verdict.reason.starts_with("too few successful operations");
      REQUIRE((verdict.validity == Validity::unknown) == says_little);
      for (const PartVerdict& part : verdict.parts) {
        REQUIRE(expected.contains(part.key));
        REQUIRE(part.validity == (expected[part.key].valid ? Validity::valid : Validity::invalid));
      }
      for (const Anomaly& anomaly : verdict.anomalies) {
        REQUIRE(anomaly.verified_by != "");
        REQUIRE(anomaly.detected_at >= expected[anomaly.key].place);
      }
    }
  }
  CHECK(valid > fuzz_cases(1500));
  CHECK(invalid > fuzz_cases(1500));
}
