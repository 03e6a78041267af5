// Counters and unique ids: the algorithms "counter-steps" and "distinct-ids".
#include "near_linear.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

/// With one value the test's counter counts down in steps of one and adds 0 now and then; this
/// makes steps of -`factor` of it, and lets some reads be one step off.
Twist stretched(std::int64_t factor) {
  return [factor](Random& random, std::vector<TestOperation>& operations) {
    const bool strays = random.chance(0.5);
    for (TestOperation& operation : operations) {
      if (operation.value.is_integer()) operation.value = operation.value.integer() * -factor;
      if (!operation.answer.is_integer()) continue;
      std::int64_t answer = operation.answer.integer() * -factor;
      if (operation.f == "read" && strays && random.chance(0.2)) {
        answer += random.between(-1, 1) * (random.chance(0.8) ? factor : 1);
      }
      operation.answer = answer;
    }
  };
}

const std::vector<ModelShape> shapes{
    {.operations = 7, .processes = 3, .values = 1},
    {.operations = 10, .processes = 6, .values = 1, .crash = 0.3},
    {.operations = 10, .processes = 5, .values = 1, .crash = 0.05, .fail = 0.0}};

}  // namespace

TEST_CASE("counter-steps agrees with the oracle") {
  fuzz_special_case(1, fuzz_cases(600), {"counter-steps", "counter", shapes});
  fuzz_special_case(2, fuzz_cases(600), {"counter-steps", "counter", shapes, stretched(1)});
  fuzz_special_case(3, fuzz_cases(600), {"counter-steps", "counter", shapes, stretched(-3)});
  CheckOptions from_seven;
  from_seven.initial = 7;
  fuzz_special_case(4, fuzz_cases(300),
                    {"counter-steps", "counter", shapes,
                     [](Random& random, std::vector<TestOperation>& operations) {
                       stretched(2)(random, operations);
                       for (TestOperation& operation : operations) {
                         if (operation.f == "read" && operation.answer.is_integer()) {
                           operation.answer = operation.answer.integer() + 7;
                         }
                       }
                     },
                     from_seven});
}

TEST_CASE("counter-steps agrees with the search on longer histories") {
  compare_with_search(7, fuzz_cases(300),
                      {"counter-steps",
                       "counter",
                       {{.operations = 40, .processes = 5, .values = 1, .crash = 0.0},
                        {.operations = 30, .processes = 6, .values = 1, .crash = 0.1}},
                       stretched(1)});
}

TEST_CASE("counter-steps leaves amounts that differ, or overflow, to the search") {
  const Model* model = ModelRegistry::instance().find("counter");
  const auto applies = [&](const std::vector<std::int64_t>& amounts) {
    std::vector<TestOperation> operations;
    int now = 0;
    for (const std::int64_t amount : amounts) {
      operations.push_back({0, "add", amount, amount, now + 1, now + 2});
      now += 2;
    }
    const History history = make_history(operations);
    const auto parts = split(history, *model, CheckOptions{});
    return PartAlgorithmRegistry::instance().find("counter-steps")->applies(parts->parts[0]);
  };
  CHECK(applies({2, 2, 0}));
  CHECK(!applies({2, 3}));
  CHECK(!applies({2, -2}));
  CHECK(!applies({std::int64_t{1} << 62}));
}

TEST_CASE("distinct-ids agrees with the oracle") {
  const std::vector<ModelShape> id_shapes{{.operations = 7, .processes = 3, .crash = 0.2},
                                          {.operations = 8, .processes = 6, .crash = 0.1}};
  fuzz_special_case(5, fuzz_cases(500), {"distinct-ids", "unique-ids", id_shapes});
}

TEST_CASE("long histories of counters and ids") {
  Random random(6);
  for (const bool lies : {false, true}) {
    // Increments and reads of ten processes; the lie is one read that misses an increment.
    History counter, ids;
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < 100'000; ++i) {
      const auto process = static_cast<Process>(i % 10);
      const bool reads = i % 3 == 0;
      Operation operation{.process = process, .f = reads ? "read" : "add"};
      operation.index = 2 * i;
      operation.value = reads ? Value() : Value(1);
      counter.append(operation);
      sum += !reads;
      operation.index = 2 * i + 1;
      operation.type = OperationType::ok;
      operation.value = reads ? Value(sum - (lies && i == 90'000)) : Value(1);
      counter.append(operation);
      operation = {.process = process, .f = "generate"};
      operation.index = 2 * i;
      ids.append(operation);
      operation.index = 2 * i + 1;
      operation.type = OperationType::ok;
      operation.value = i == 90'000 && lies ? Value(77) : Value(1'000'000 - i);
      if (lies && i == 500) operation.value = 77;
      ids.append(operation);
    }
    for (History* history : {&counter, &ids}) {
      REQUIRE(history->pair().has_value());
      CheckOptions options;
      options.model = history == &counter ? "counter" : "unique-ids";
      const Verdict verdict =
          CheckerRegistry::instance().find("linearizable")->check(*history, options);
      CHECK(verdict.validity == (lies ? Validity::invalid : Validity::valid));
      if (lies) CHECK(history->index(verdict.anomalies.at(0).detected_at) == 180'001);
    }
  }
}
