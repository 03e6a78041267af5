// Locks: the algorithms "permits" and "owned-locks".
#include "near_linear.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

/// Takes the clients' names away, so that a crash retires whoever called.
void forget_clients(Random&, std::vector<TestOperation>& operations) {
  for (TestOperation& operation : operations) {
    operation.value = {};
    if (operation.answer.find("client") != nullptr) operation.answer = {};
  }
}

CheckOptions starting_with(std::int64_t permits) {
  CheckOptions options;
  options.initial = permits;
  return options;
}

std::vector<ModelShape> shapes_of(double crash) {
  return {{.operations = 7, .processes = 3, .crash = crash},
          {.operations = 9, .processes = 6, .crash = crash},
          {.operations = 9, .processes = 4, .crash = 2 * crash, .fail = 0.0}};
}

TestOperation lock(int process, const std::string& f, int invoked, int completed,
                   OperationType type = OperationType::ok) {
  return {process, f, {}, {}, invoked, completed, type};
}

Judgement judge(std::string_view algorithm, std::string_view name,
                const std::vector<TestOperation>& operations) {
  const History history = make_history(operations);
  const Model* model = ModelRegistry::instance().find(name);
  const auto parts = split(history, *model, CheckOptions{});
  const PartAlgorithm* by = PartAlgorithmRegistry::instance().find(algorithm);
  REQUIRE(by->applies(parts->parts[0]));
  return by->judge(parts->parts[0], Budget{});
}

}  // namespace

TEST_CASE("permits agrees with the oracle on mutexes") {
  fuzz_special_case(1, fuzz_cases(1200), {"permits", "mutex", shapes_of(0.2)});
  fuzz_special_case(2, fuzz_cases(800), {"permits", "mutex", shapes_of(0.0)});
}

TEST_CASE("permits agrees with the oracle on semaphores with calls alike") {
  for (const std::int64_t each : {1, 2}) {
    const Twist alike = [each](Random& random, std::vector<TestOperation>& operations) {
      for (TestOperation& operation : operations)
        operation.value = each == 1 && random.chance(0.5) ? Value() : Value(each);
    };
    for (const std::int64_t permits : {1, 2, 3, 5}) {
      const auto seed = static_cast<std::uint64_t>(10 * each + permits);
      fuzz_special_case(seed, fuzz_cases(300),
                        {"permits", "semaphore", shapes_of(0.15), alike, starting_with(permits)});
    }
  }
}

TEST_CASE("locks agree with the search on longer histories") {
  const std::vector<ModelShape> shapes{{.operations = 40, .processes = 4, .crash = 0.0},
                                       {.operations = 30, .processes = 6, .crash = 0.1}};
  compare_with_search(31, fuzz_cases(300), {"permits", "mutex", shapes});
  for (const std::string_view model : {"reentrant-mutex", "fenced-mutex"}) {
    compare_with_search(32, fuzz_cases(300), {"owned-locks", model, shapes, forget_clients});
  }
}

TEST_CASE("a semaphore without permits lets nobody in") {
  const History history = make_history({lock(0, "acquire", 1, 2)});
  const Model* model = ModelRegistry::instance().find("semaphore");
  for (const std::int64_t permits : {0, -1}) {
    CHECK(agreement_on(history, *model, starting_with(permits), "permits").problem == "");
    CHECK(agreement_on(history, *model, starting_with(permits), "permits").valid == false);
  }
}

TEST_CASE("owned-locks agrees with the oracle on reentrant and fenced mutexes") {
  for (const std::string_view model : {"reentrant-mutex", "fenced-mutex"}) {
    fuzz_special_case(21, fuzz_cases(1000), {"owned-locks", model, shapes_of(0.0)});
    fuzz_special_case(22, fuzz_cases(1000), {"owned-locks", model, shapes_of(0.2), forget_clients});
  }
}

TEST_CASE("owned-locks leaves callers that do two things at once to the search") {
  TestOperation crashed = lock(0, "acquire", 1, 2, OperationType::info);
  TestOperation later = lock(1, "acquire", 3, 4);
  crashed.value = later.value = Value::map({{"client", 7}});
  const Model* model = ModelRegistry::instance().find("fenced-mutex");
  const History history = make_history({crashed, later});
  const auto parts = split(history, *model, CheckOptions{});
  CHECK(!PartAlgorithmRegistry::instance().find("owned-locks")->applies(parts->parts[0]));
}

TEST_CASE("a token that does not grow is found where it is answered") {
  auto first = lock(0, "acquire", 1, 2), second = lock(1, "acquire", 5, 6);
  first.answer = 5;
  second.answer = 5;
  const auto judgement =
      judge("owned-locks", "fenced-mutex", {first, lock(0, "release", 3, 4), second});
  CHECK(judgement.validity == Validity::invalid);
  CHECK(judgement.fatal == 2);
}

TEST_CASE("long histories of mutexes") {
  SimulationOptions simulation{.model = "mutex", .operations = 100'000, .processes = 20};
  judge_long_history("permits", simulation);
  simulation.crash_share = 0.01;
  judge_long_history("permits", simulation);
}

TEST_CASE("a mutex that two hold is found where the second is let in") {
  SimulationOptions simulation{.model = "mutex", .operations = 100'000, .processes = 20};
  simulation.plant = Plant::stale;
  judge_long_history("permits", simulation);
}
