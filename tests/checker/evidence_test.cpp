// The evidence that comes with a violation, on every model: the verifier accepts it, it is small,
// it says why no order goes on, and it is the same every time.
#include <doctest/doctest.h>

#include <algorithm>

#include "checker/checker.hpp"
#include "checker/models/model.hpp"
#include "draw.hpp"
#include "histories.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

std::string dump(const History& history) {
  std::string text;
  for (EventIndex i = 0; i < history.size(); ++i)
    append_json_line(text, history.operation(i));
  return text;
}

std::string told(const Anomaly& anomaly) {
  std::string text = anomaly.name + "\n";
  for (const std::string& sentence : anomaly.explanation)
    text += sentence + "\n";
  for (const DeadEnd& dead_end : anomaly.dead_ends) {
    text += "-";
    for (const EventIndex event : dead_end.order)
      text += " " + std::to_string(event);
    text += ": " + dead_end.state + "\n";
    for (const DeadEnd::Refusal& refusal : dead_end.refusals)
      text += "  " + refusal.reason + "\n";
  }
  return text;
}

/// What is wrong with the evidence, or "".
std::string flaw(const Anomaly& anomaly, std::size_t operations_max) {
  if (anomaly.verified_by.empty()) return "not verified";
  if (anomaly.explanation.empty()) return "no explanation";
  if (!std::is_sorted(anomaly.operations.begin(), anomaly.operations.end())) return "not in order";
  if (!anomaly.verified_by.starts_with("every order")) return "";  // it counts instead
  if (!anomaly.dead_ends_complete) return "not all orders tried";
  if (anomaly.operations.size() > operations_max) return "too many operations";
  if (anomaly.dead_ends.empty()) return "no dead end";
  for (const DeadEnd& dead_end : anomaly.dead_ends) {
    if (dead_end.refusals.empty()) return "a dead end without a reason";
    std::vector<EventIndex> all = dead_end.order;
    for (const DeadEnd::Refusal& refusal : dead_end.refusals)
      all.push_back(refusal.operation);
    std::sort(all.begin(), all.end());
    if (std::adjacent_find(all.begin(), all.end()) != all.end()) return "an operation twice";
    if (!std::includes(anomaly.operations.begin(), anomaly.operations.end(), all.begin(),
                       all.end())) {
      return "a dead end of other operations";
    }
  }
  return "";
}

}  // namespace

TEST_CASE("violations of every model come with evidence that the verifier accepts") {
  const Checker* checker = CheckerRegistry::instance().find("linearizable");
  for (const Model* model : ModelRegistry::instance().all()) {
    const std::string name(model->name());
    CAPTURE(name);
    Random random = Random(21).fork(name);
    int violations = 0;
    for (int i = 0; i < 600; ++i) {
      std::vector<TestOperation> operations = random_operations(
          random, {static_cast<int>(random.between(2, 14)), 4, 3, 0.15, 1, 0, 0.05});
      for (TestOperation& operation : operations) {
        operation.f = model->functions()[random.below(model->functions().size())].name;
        operation.value = draw(random, name, operation.f, false);
        operation.answer = draw(random, name, operation.f, true);
      }
      const History history = make_history(operations);
      CheckOptions options;
      options.model = name;
      options.initial = name == "semaphore" ? Value(2) : Value();
      if (random.chance(0.3)) options.failed_cas = FailedCas::check;
      const Verdict verdict = checker->check(history, options);
      if (verdict.validity != Validity::invalid) continue;
      ++violations;
      REQUIRE(verdict.anomalies.size() == 1);
      const std::string text = told(verdict.anomalies[0]);
      const std::string problem = flaw(verdict.anomalies[0], 14);
      REQUIRE_MESSAGE(problem == "", problem, "\n", text, dump(history));
      const Verdict again = checker->check(history, options);
      REQUIRE(told(again.anomalies.at(0)) == text);
    }
    CHECK(violations > 100);
  }
}

TEST_CASE("violations of registers come with evidence that the verifier accepts") {
  const Checker* checker = CheckerRegistry::instance().find("linearizable");
  const std::vector<RandomShape> shapes{{14, 6, 2, 0.4, 0.3, 0.1},
                                        {14, 5, 4, 0.3, 0.2, 0.2},
                                        {14, 4, 3, 0.1, 0.4, 0.3},
                                        {40, 4, 3, 0.2, 0.4, 0.3}};
  CheckOptions options;
  options.initial = 0;
  for (const RandomShape& shape : shapes) {
    Random random(42);
    int violations = 0, small = 0, dozen = 0;
    for (int i = 0; i < 2000; ++i) {
      RandomShape varied = shape;
      varied.operations = static_cast<int>(random.between(4, shape.operations));
      const History history = make_history(random_operations(random, varied));
      const Verdict verdict = checker->check(history, options);
      if (verdict.validity != Validity::invalid) continue;
      ++violations;
      REQUIRE(verdict.anomalies.size() == 1);
      const std::string text = told(verdict.anomalies[0]);
      const std::string problem = flaw(verdict.anomalies[0], 24);
      REQUIRE_MESSAGE(problem == "", problem, "\n", text, dump(history));
      small += verdict.anomalies[0].operations.size() <= 4;
      dozen += verdict.anomalies[0].operations.size() <= 12;
    }
    CHECK(violations > 300);
    CHECK(small > violations / 2);
    CHECK(dozen > violations * 95 / 100);
  }
}
