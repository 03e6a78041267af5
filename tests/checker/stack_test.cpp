// Stacks: the algorithm "stack-nesting".
#include "near_linear.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

ModelShape shape(int operations, int processes, double crash, std::vector<double> weights = {}) {
  return {.operations = operations,
          .processes = processes,
          .values = 0,
          .crash = crash,
          .fail = 0.02,
          .weights = std::move(weights)};
}

/// What crashed was a push.
void let_pushes_crash_only(Random&, std::vector<TestOperation>& operations) {
  std::erase_if(operations, [](const TestOperation& operation) {
    return operation.f == "pop" &&
           (operation.type == OperationType::info || operation.type == OperationType::invoke);
  });
}

}  // namespace

TEST_CASE("stack-nesting agrees with the oracle where no pop crashed") {
  fuzz_special_case(1, fuzz_cases(1500),
                    {"stack-nesting",
                     "stack",
                     {shape(7, 4, 0.1), shape(10, 6, 0.2), shape(11, 8, 0.1), shape(9, 5, 0.4),
                      shape(10, 5, 0.0)},
                     let_pushes_crash_only});
}

TEST_CASE("stack-nesting agrees with the oracle, or does not know, where pops crashed") {
  fuzz_special_case(2, fuzz_cases(1500),
                    {"stack-nesting",
                     "stack",
                     {shape(7, 4, 0.2), shape(10, 6, 0.2), shape(11, 8, 0.1), shape(9, 5, 0.4),
                      shape(10, 5, 0.3, {1, 2})}});
}

TEST_CASE("stack-nesting leaves values that are pushed twice to the search") {
  const TestOperation push{0, "push", 1, 1, 1, 2}, again{1, "push", 1, 1, 3, 4},
      crashed{1, "push", 1, 1, 3, 4, OperationType::info}, other{1, "push", 2, 2, 3, 4};
  const Model* model = ModelRegistry::instance().find("stack");
  const auto applies = [&](const std::vector<TestOperation>& operations) {
    const History history = make_history(operations);
    const auto parts = split(history, *model, CheckOptions{});
    return PartAlgorithmRegistry::instance().find("stack-nesting")->applies(parts->parts[0]);
  };
  CHECK(applies({push, other}));
  CHECK(!applies({push, again}));
  CHECK(!applies({push, crashed}));
}

TEST_CASE("stack-nesting agrees with the search on longer histories") {
  compare_with_search(
      3, fuzz_cases(200),
      {"stack-nesting", "stack", {shape(24, 4, 0.0), shape(20, 4, 0.02), shape(16, 4, 0.1)}});
}

TEST_CASE("long histories of stacks") {
  SimulationOptions simulation{.model = "stack", .operations = 100'000, .processes = 20};
  simulation.values.count = 0;
  for (const Plant plant : {Plant::none, Plant::stale}) {
    simulation.plant = plant;
    judge_long_history("stack-nesting", simulation);
  }
}
