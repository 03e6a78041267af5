// Tests of one algorithm for a special case: against the oracle on small histories, against what is
// known of long ones.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "agreement.hpp"
#include "bench/histories/simulated_history.hpp"
#include "model_histories.hpp"

namespace gauntlet::testing {

/// Changes the operations of a history before it is judged.
using Twist = std::function<void(Random&, std::vector<TestOperation>&)>;

struct Shapes {
  std::string_view algorithm;
  std::string_view model;
  std::vector<ModelShape> shapes;
  Twist twist = {};
  CheckOptions options = {};
};

/// Judges `count` histories of each shape and each kind by the algorithm, where it applies, and
/// compares verdict, place and order with the oracle. Where it does not know, that is no judgement.
/// At least a quarter of the histories must be judged, and of these a twentieth be valid and a
/// twentieth invalid.
inline void fuzz_special_case(std::uint64_t seed, int count, const Shapes& given) {
  const Model* model = ModelRegistry::instance().find(given.model);
  REQUIRE(model != nullptr);
  CheckOptions options = given.options;
  options.model = given.model;
  Random random(seed);
  int histories = 0, judged = 0, valid = 0;
  for (const ModelShape& shape : given.shapes) {
    for (const HistoryKind kind :
         {HistoryKind::random, HistoryKind::valid, HistoryKind::mutated, HistoryKind::mutated}) {
      for (int i = 0; i < count; ++i) {
        ModelShape varied = shape;
        varied.operations = static_cast<int>(random.between(2, shape.operations));
        varied.processes = static_cast<int>(random.between(2, shape.processes));
        auto operations = model_operations(random, *model, varied, kind);
        if (given.twist) given.twist(random, operations);
        const History history = make_history(operations);
        const Agreement agreement = agreement_on(history, *model, options, given.algorithm);
        ++histories;
        judged += agreement.judgements;
        valid += agreement.judgements > 0 && agreement.valid;
        if (agreement.problem.empty()) continue;
        CAPTURE(as_json_lines(history));
        FAIL(agreement.problem);
      }
    }
  }
  CHECK(judged > histories / 4);
  CHECK(valid > judged / 20);
  CHECK(judged - valid > judged / 20);
}

/// Compares verdict and place with the general search on simulated histories with a single
/// change, which may be too long for the oracle.
inline void compare_with_search(std::uint64_t seed, int count, const Shapes& given) {
  const Model* model = ModelRegistry::instance().find(given.model);
  const PartAlgorithm* algorithm = PartAlgorithmRegistry::instance().find(given.algorithm);
  const PartAlgorithm* search = PartAlgorithmRegistry::instance().find("breadth");
  CheckOptions options = given.options;
  options.model = given.model;
  Random random(seed);
  int invalid = 0, judged = 0, exact = 0;
  for (int i = 0; i < count; ++i) {
    const auto& shape = given.shapes[static_cast<std::size_t>(i) % given.shapes.size()];
    auto operations = model_operations(random, *model, shape, HistoryKind::mutated);
    if (given.twist) given.twist(random, operations);
    const History history = make_history(operations);
    const auto parts = split(history, *model, options);
    const Part& part = parts->parts.at(0);
    if (!algorithm->applies(part)) continue;
    const Judgement own = algorithm->judge(part, Budget{});
    if (own.validity == Validity::unknown) continue;
    const Judgement expected = search->judge(part, Budget{});
    CAPTURE(as_json_lines(history));
    REQUIRE(own.validity == expected.validity);
    ++judged;
    if (own.validity == Validity::valid) continue;
    ++invalid;
    exact += own.fatal_is_earliest;
    const EventIndex place = part.operations[own.fatal].completion;
    const EventIndex expected_place = part.operations[expected.fatal].completion;
    REQUIRE((own.fatal_is_earliest ? place == expected_place : place >= expected_place));
  }
  CHECK(judged > count / 2);
  CHECK(invalid > judged / 20);
  CHECK(exact > invalid * 3 / 4);
}

/// A long simulated history, judged by the algorithm: its verdict, its place where one was planted,
/// and the order, which the verifier must accept.
inline void judge_long_history(std::string_view algorithm_name,
                               const SimulationOptions& simulation) {
  std::vector<Operation> operations;
  const auto made = simulate_history(
      simulation, [&](const Operation& operation) { operations.push_back(operation); });
  REQUIRE(made.has_value());
  History history;
  for (const Operation& operation : operations)
    history.append(operation);
  REQUIRE(history.pair().has_value());
  const Model* model = ModelRegistry::instance().find(simulation.model);
  CheckOptions options;
  options.model = simulation.model;
  const auto parts = split(history, *model, options);
  REQUIRE(parts->misfit == "");
  REQUIRE(parts->parts.size() == 1);
  const Part& part = parts->parts[0];
  const PartAlgorithm* algorithm = PartAlgorithmRegistry::instance().find(algorithm_name);
  REQUIRE(algorithm != nullptr);
  REQUIRE(algorithm->applies(part));
  const Judgement judgement = algorithm->judge(part, Budget{});
  CHECK(judgement.reason == "");
  if (made->violation_index >= 0) {
    REQUIRE(judgement.validity == Validity::invalid);
    const auto place = history.index(part.operations[judgement.fatal].completion);
    // Where it is certain at the first of the planted operations or at a later one is not known of
    // every model.
    const std::int64_t slack = simulation.model == "mutex"   ? 4
                               : simulation.model == "stack" ? 400
                                                             : 0;
    CHECK(place <= made->violation_index);
    CHECK(place >= made->violation_index - slack);
    return;
  }
  REQUIRE(judgement.validity == Validity::valid);
  const Verifier verifier(history, *model, options);
  OracleAnswer expected;
  CHECK(fault_of(judgement, part, expected, verifier) == "");
}

}  // namespace gauntlet::testing
