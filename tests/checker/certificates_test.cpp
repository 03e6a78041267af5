// The verifier against evidence made up at random: what it accepts must be true.
#include <doctest/doctest.h>

#include <algorithm>

#include "checker/linearizable/algorithm.hpp"
#include "checker/linearizable/evidence/counting.hpp"
#include "checker/linearizable/evidence/orders.hpp"
#include "draw.hpp"
#include "histories.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

/// A random history of a model, with what the general search says about it.
struct Judged {
  Judged(const Model& model, Random& random, int operations_max) {
    const std::string name(model.name());
    std::vector<TestOperation> operations = random_operations(
        random, {static_cast<int>(random.between(3, operations_max)), 4, 3, 0.25, 1, 0, 0.05});
    for (TestOperation& operation : operations) {
      operation.f = model.functions()[random.below(model.functions().size())].name;
      operation.value = draw(random, name, operation.f, false);
      operation.answer = draw(random, name, operation.f, true);
    }
    history = make_history(operations);
    options.model = name;
    options.initial = name == "semaphore" ? Value(2) : Value();
    if (random.chance(0.3)) options.failed_cas = FailedCas::check;
    parts = split(history, model, options);
    verifier.emplace(history, model, options);
    if (is_empty()) return;
    const Judgement judgement =
        PartAlgorithmRegistry::instance().find("breadth")->judge(part(), Budget{});
    REQUIRE(judgement.validity != Validity::unknown);
    if (judgement.validity == Validity::invalid) {
      violated_at = part().operations[judgement.fatal].completion;
    }
  }

  bool is_empty() const { return parts->parts.empty() || part().operations.empty(); }
  const Part& part() const { return parts->parts.at(0); }

  /// The completion of a random operation that has one; no_event if it has none.
  EventIndex some_completion(Random& random) const {
    const auto& operations = part().operations;
    return operations[random.below(operations.size())].completion;
  }

  std::vector<EventIndex> some_operations(Random& random, double share, EventIndex until) const {
    std::vector<EventIndex> some;
    for (const PartOperation& operation : part().operations) {
      if (operation.invocation <= until && random.chance(share)) {
        some.push_back(operation.invocation);
      }
    }
    return some;
  }

  History history;
  CheckOptions options;
  std::unique_ptr<Parts> parts;
  std::optional<Verifier> verifier;
  EventIndex violated_at = no_event;  ///< the earliest return without an order
};

}  // namespace

TEST_CASE("the verifier accepts no violation that is none") {
  for (const Model* model : ModelRegistry::instance().all()) {
    CAPTURE(model->name());
    Random random = Random(31).fork(std::string(model->name()));
    int accepted = 0;
    for (int i = 0; i < 1500; ++i) {
      const Judged judged(*model, random, 9);
      if (judged.is_empty()) continue;
      for (int k = 0; k < 12; ++k) {
        ViolationCertificate certificate;
        certificate.key = judged.part().key;
        certificate.until = judged.some_completion(random);
        if (certificate.until == no_event) continue;
        certificate.operations =
            judged.some_operations(random, random.chance(0.5) ? 0.9 : 0.5, certificate.until);
        if (random.chance(0.4)) {
          certificate.from = static_cast<EventIndex>(random.below(certificate.until));
        }
        if (!judged.verifier->violation(certificate)) continue;
        ++accepted;
        REQUIRE(judged.violated_at <= certificate.until);
      }
    }
    CHECK(accepted > 100);
  }
}

TEST_CASE("the verifier accepts no count that is none") {
  const Model* model = ModelRegistry::instance().find("cas-register");
  Random random(32);
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    const Judged judged(*model, random, 9);
    if (judged.is_empty()) continue;
    for (int k = 0; k < 6; ++k) {
      CountCertificate certificate;
      certificate.key = judged.part().key;
      certificate.until = judged.some_completion(random);
      if (certificate.until == no_event) continue;
      // Of operations that need a value, so that some of the evidence makes sense.
      for (const PartOperation& operation : judged.part().operations) {
        const auto access =
            model->access(judged.part().kinds[operation.kind], judged.parts->context);
        if (operation.completion > certificate.until || access->excludes) continue;
        if (access->needs && certificate.values.empty()) certificate.values = {*access->needs};
        if (access->sets && random.chance(0.1)) certificate.values.push_back(*access->sets);
        const bool needs =
            access->needs && std::find(certificate.values.begin(), certificate.values.end(),
                                       *access->needs) != certificate.values.end();
        if (needs && random.chance(0.7)) certificate.needers.push_back(operation.invocation);
        if (!needs && random.chance(0.5)) certificate.separators.push_back(operation.invocation);
      }
      if (!judged.verifier->too_few(certificate)) continue;
      ++accepted;
      REQUIRE(judged.violated_at <= certificate.until);
    }
  }
  CHECK(accepted > 300);
}

TEST_CASE("counts that are found are accepted") {
  const Model* model = ModelRegistry::instance().find("cas-register");
  Random random(33);
  int found = 0;
  for (int i = 0; i < 10000; ++i) {
    const Judged judged(*model, random, 14);
    if (judged.is_empty() || judged.violated_at == no_event) continue;
    OpId fatal = 0;
    while (judged.part().operations[fatal].completion != judged.violated_at)
      ++fatal;
    const auto certificate = find_too_few(judged.part(), fatal);
    if (!certificate) continue;
    ++found;
    const auto accepted = judged.verifier->too_few(*certificate);
    REQUIRE_MESSAGE(accepted.has_value(), (accepted ? "" : accepted.error().what));
    CountCertificate fewer = *certificate;
    fewer.needers.pop_back();
    if (judged.verifier->too_few(fewer)) continue;  // there may be more than are needed
    fewer = *certificate;
    fewer.values.clear();
    REQUIRE(!judged.verifier->too_few(fewer));
  }
  CHECK(found > 500);
}

TEST_CASE("the bounds of counters that the verifier accepts are true") {
  const Model* model = ModelRegistry::instance().find("counter");
  Random random(34);
  int found = 0;
  for (int i = 0; i < 5000; ++i) {
    const Judged judged(*model, random, 9);
    if (judged.is_empty()) continue;
    for (OpId op = 0; op < judged.part().operations.size(); ++op) {
      if (judged.part().operations[op].crashed()) continue;
      const auto bounds = find_out_of_bounds(judged.part(), op);
      if (!bounds) continue;
      ++found;
      const auto accepted = judged.verifier->out_of_bounds(bounds->certificate);
      REQUIRE_MESSAGE(accepted.has_value(), (accepted ? "" : accepted.error().what));
      REQUIRE(judged.violated_at <= judged.part().operations[op].completion);
    }
  }
  CHECK(found > 500);
}

TEST_CASE("what the verifier accepts about the holds of locks is true") {
  for (const char* name : {"mutex", "fenced-mutex", "semaphore"}) {
    CAPTURE(name);
    const Model* model = ModelRegistry::instance().find(name);
    Random random(36);
    int accepted = 0;
    for (int i = 0; i < 3000; ++i) {
      const Judged judged(*model, random, 9);
      if (judged.is_empty()) continue;
      for (OpId op = 0; op < judged.part().operations.size(); ++op) {
        if (judged.part().operations[op].crashed()) continue;
        const auto holds = find_wrong_holds(judged.part(), op);
        REQUIRE(holds.has_value());
        if (!judged.verifier->wrong_holds(holds->certificate)) continue;
        ++accepted;
        REQUIRE(judged.violated_at <= holds->certificate.until);
      }
    }
    CHECK(accepted > 500);
  }
}

TEST_CASE("orders of valid histories are there to be had, on every model") {
  for (const Model* model : ModelRegistry::instance().all()) {
    CAPTURE(model->name());
    Random random = Random(35).fork(std::string(model->name()));
    int orders = 0;
    for (int i = 0; i < 300; ++i) {
      const Judged judged(*model, random, 5);
      if (judged.is_empty()) continue;
      const auto found = linearizations(judged.history, judged.options);
      const bool has_happened =
          std::any_of(judged.part().operations.begin(), judged.part().operations.end(),
                      [](const PartOperation& operation) { return !operation.crashed(); });
      if (judged.violated_at != no_event) {
        CHECK(found.empty());
      } else if (has_happened) {
        REQUIRE(found.size() == 1);
        CHECK(judged.verifier->order(found[0]).has_value());
        ++orders;
      }
    }
    CHECK(orders > 10);
  }
}
