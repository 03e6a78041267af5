// Every algorithm on every model that it applies to against the oracle: verdict, place and order,
// on random, simulated and mutated histories.
#include <doctest/doctest.h>

#include <map>

#include "agreement.hpp"
#include "model_histories.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

struct Tally {
  int valid = 0, invalid = 0;
  std::map<std::string, int> judged;  // by algorithm
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
    (agreement.valid ? tally.valid : tally.invalid) += 1;
    if (agreement.problem.empty() && (agreement.valid || kind != HistoryKind::valid)) continue;
    CAPTURE(as_json_lines(history));
    FAIL_CHECK(agreement.problem << (agreement.valid ? "" : " (the oracle finds a violation)"));
    return;
  }
}

}  // namespace

TEST_CASE("algorithms agree with the oracle on random histories of every model") {
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

    CHECK(tally.valid > fuzz_cases(2500));
    CHECK(tally.invalid > fuzz_cases(1000));
  }
}
