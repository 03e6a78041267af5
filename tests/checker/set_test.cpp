// Sets: the algorithms "set-membership" and "set-layers".
#include "near_linear.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

/// Every value is new; the functions are add, contains, read and, of a set, remove.
ModelShape shape(int operations, int processes, double crash, std::vector<double> weights) {
  return {.operations = operations,
          .processes = processes,
          .values = 0,
          .crash = crash,
          .fail = 0.02,
          .weights = std::move(weights)};
}

bool applies(std::string_view algorithm, std::string_view name,
             const std::vector<TestOperation>& operations) {
  const Model* model = ModelRegistry::instance().find(name);
  const History history = make_history(operations);
  const auto parts = split(history, *model, CheckOptions{});
  return PartAlgorithmRegistry::instance().find(algorithm)->applies(parts->parts[0]);
}

}  // namespace

TEST_CASE("set-membership agrees with the oracle") {
  fuzz_special_case(1, fuzz_cases(800),
                    {"set-membership",
                     "set",
                     {shape(7, 4, 0.1, {1, 1, 0, 1}), shape(10, 6, 0.2, {1, 3, 0, 2}),
                      shape(9, 5, 0.4, {1, 2, 0, 2}), shape(9, 5, 0.0, {1, 3, 0, 1})}});
  fuzz_special_case(
      2, fuzz_cases(500),
      {"set-membership",
       "grow-only-set",
       {shape(7, 4, 0.1, {1, 1, 0}), shape(10, 6, 0.2, {1, 3, 0}), shape(9, 5, 0.4, {1, 2, 0})}});
}

TEST_CASE("set-membership agrees with the oracle where all is about one value") {
  const Twist one_value = [](Random&, std::vector<TestOperation>& operations) {
    bool added = false;
    for (TestOperation& operation : operations) {
      if (operation.f == "add" && added) operation.f = "contains", operation.answer = false;
      if (operation.f == "add") added = true;
      operation.value = 1;
    }
  };
  fuzz_special_case(3, fuzz_cases(1500),
                    {"set-membership",
                     "set",
                     {shape(6, 4, 0.1, {1, 2, 0, 1}), shape(9, 6, 0.2, {1, 3, 0, 2}),
                      shape(9, 5, 0.4, {1, 2, 0, 3})},
                     one_value});
}

TEST_CASE("set-layers agrees with the oracle") {
  const std::vector<ModelShape> shapes{
      shape(7, 4, 0.1, {2, 0, 1, 0}), shape(10, 6, 0.2, {3, 1, 2, 0}),
      shape(9, 5, 0.4, {2, 1, 1, 0}), shape(9, 5, 0.0, {2, 1, 2, 0})};
  fuzz_special_case(4, fuzz_cases(800), {"set-layers", "set", shapes});
  fuzz_special_case(5, fuzz_cases(800), {"set-layers", "grow-only-set", shapes});
}

TEST_CASE("values that are added twice, and reads with removes, are left to the search") {
  const TestOperation add{0, "add", 1, 1, 1, 2}, again{1, "add", 1, 1, 3, 4},
      crashed{1, "add", 1, 1, 3, 4, OperationType::info}, remove{1, "remove", 1, 1, 5, 6},
      read{2, "read", {}, Value::List{}, 7, 8};
  CHECK(applies("set-membership", "set", {add, remove}));
  CHECK(!applies("set-membership", "set", {add, again}));
  CHECK(!applies("set-membership", "set", {add, crashed}));
  CHECK(!applies("set-membership", "set", {add, read}));
  CHECK(applies("set-layers", "set", {add, read}));
  CHECK(!applies("set-layers", "set", {add, remove, read}));
  CHECK(!applies("set-layers", "set", {add, again, read}));
}

TEST_CASE("sets agree with the search on longer histories") {
  compare_with_search(6, fuzz_cases(300),
                      {"set-membership",
                       "set",
                       {shape(30, 4, 0.0, {1, 2, 0, 1}), shape(24, 5, 0.1, {1, 3, 0, 2})}});
  compare_with_search(7, fuzz_cases(300),
                      {"set-layers",
                       "grow-only-set",
                       {shape(30, 4, 0.0, {2, 1, 1}), shape(24, 5, 0.1, {2, 1, 2})}});
}

TEST_CASE("long histories of sets") {
  SimulationOptions simulation{.model = "set", .operations = 100'000, .processes = 20};
  simulation.values.count = 0;
  for (const double crash : {0.0, 0.01}) {
    simulation.crash_share = crash;
    simulation.plant = Plant::none;
    judge_long_history("set-membership", simulation);
    simulation.plant = Plant::stale;
    judge_long_history("set-membership", simulation);
  }
}

TEST_CASE("long histories of grow-only sets") {
  SimulationOptions simulation{.model = "grow-only-set", .operations = 10'000, .processes = 20};
  simulation.values.count = 0;
  for (const double crash : {0.0, 0.01}) {
    simulation.crash_share = crash;
    simulation.plant = Plant::none;
    judge_long_history("set-layers", simulation);
    simulation.plant = Plant::stale;
    judge_long_history("set-layers", simulation);
  }
}
