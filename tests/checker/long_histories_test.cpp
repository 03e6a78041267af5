// Long histories whose verdict and place of violation are known: simulated ones, with and without a
// planted violation. A reduction that is unsound may show only after many thousands of operations.
#include <doctest/doctest.h>

#include <algorithm>
#include <span>

#include "agreement.hpp"
#include "bench/histories/simulated_history.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

struct Simulated {
  History history;
  SimulationResult result;
};

Simulated simulate(const SimulationOptions& options) {
  Simulated simulated;
  const auto result = simulate_history(
      options, [&](const Operation& operation) { simulated.history.append(operation); });
  REQUIRE(result.has_value());
  REQUIRE(simulated.history.pair().has_value());
  simulated.result = *result;
  return simulated;
}

/// "" if every part gets the verdict that is known, from the algorithms in the order of their rank.
std::string fault_of_long(const SimulationOptions& options) {
  const auto [history, result] = simulate(options);
  const Model* model = ModelRegistry::instance().find(options.model);
  const CheckOptions check_options;
  const auto parts = split(history, *model, check_options);
  REQUIRE(parts->misfit.empty());
  const Verifier verifier(history, *model, check_options);
  int violated = 0;
  for (const Part& part : parts->parts) {
    Budget budget;
    budget.deadline = Deadline::after(std::chrono::seconds(120));
    const Judgement judgement = judge_part(part, budget);
    if (judgement.validity == Validity::unknown) return "does not know: " + judgement.reason;
    if (judgement.validity == Validity::valid) {
      const std::string fault = fault_of(judgement, part, {}, verifier);
      if (!fault.empty()) return judgement.algorithm + ": " + fault;
      continue;
    }
    ++violated;
    if (options.plant == Plant::none || options.plant == Plant::counts_valid) {
      return judgement.algorithm + ": finds a violation where there is none";
    }
    // Collections: other clients may have taken what the planted steps need.
    const bool is_exact = judgement.fatal_is_earliest && !options.model.ends_with("queue") &&
                          options.model != "stack";
    const auto place = std::int64_t{part.operations[judgement.fatal].completion};
    const std::int64_t earliest = is_exact ? result.violation_index : result.planted_index;
    if (place < earliest || (judgement.fatal_is_earliest && place > result.violation_index)) {
      return judgement.algorithm + ": place " + std::to_string(place) + " instead of " +
             std::to_string(result.violation_index);
    }
  }
  const bool should = options.plant == Plant::stale || options.plant == Plant::counts;
  return violated == (should ? 1 : 0) ? "" : "does not find the violation";
}

constexpr Plant none_or_stale[] = {Plant::none, Plant::stale};
constexpr Plant counts_or_not[] = {Plant::counts_valid, Plant::counts};

/// Valid and violated, for several seeds.
void judge_both(SimulationOptions options, int seeds = 2,
                std::span<const Plant> plants = none_or_stale) {
  for (int seed = 1; seed <= fuzz_cases(seeds); ++seed) {
    options.seed = static_cast<std::uint64_t>(seed);
    for (const Plant plant : plants) {
      options.plant = plant;
      const std::string fault = fault_of_long(options);
      CAPTURE(options.model);
      CAPTURE(options.operations);
      CAPTURE(options.processes);
      CAPTURE(options.values.count);
      CAPTURE(options.crash_share);
      CAPTURE(options.late_effects);
      CAPTURE(options.shares.read);
      CAPTURE(options.shares.write);
      CAPTURE(options.shares.cas);
      CAPTURE(seed);
      CAPTURE(static_cast<int>(plant));
      CHECK(fault == "");
    }
  }
}

constexpr FunctionShares mostly_writes{.read = 1, .write = 6, .cas = 1};
constexpr FunctionShares mostly_cas{.read = 1, .write = 0.3, .cas = 6};

}  // namespace

TEST_CASE("long histories of registers get the verdict that is known") {
  SimulationOptions options{.model = "register", .operations = 20'000, .processes = 10};
  judge_both(options);
  options.shares = mostly_writes;
  judge_both(options);
  options.crash_share = 0.001;
  options.late_effects = true;
  judge_both(options);
  options.shares = {};
  judge_both(options);
  options.processes = 5;
  options.crash_share = 0.01;
  judge_both(options);
  judge_both({.model = "register", .operations = 1'000'000, .processes = 10}, 1);
}

TEST_CASE("long histories of compare-and-set registers get the verdict that is known") {
  SimulationOptions options{.model = "cas-register", .operations = 20'000, .processes = 10};
  judge_both(options);
  options.shares = mostly_cas;
  judge_both(options);
  options.shares = mostly_writes;
  judge_both(options);
  options.shares = {};
  options.crash_share = 0.001;
  options.late_effects = true;
  judge_both(options, 1);
  options.processes = 5;
  judge_both(options);
  judge_both({.model = "cas-register", .operations = 1'000'000, .processes = 5}, 1);
}

TEST_CASE(
    "violations that hinge on the number of crashed operations get the verdict that is known") {
  SimulationOptions options{.model = "cas-register", .operations = 1000, .processes = 5};
  options.crash_share = 0.01;
  judge_both(options, 4, counts_or_not);
  options.processes = 10;
  judge_both(options, 4, counts_or_not);
  options.operations = 5000;
  judge_both(options, 1, counts_or_not);
}

TEST_CASE("long histories of registers with unique values get the verdict that is known") {
  for (const char* model : {"register", "cas-register"}) {
    SimulationOptions options{.model = model, .operations = 200'000, .processes = 50};
    options.values.count = 0;
    judge_both(options, 1);
    options.crash_share = 0.01;
    options.late_effects = true;
    judge_both(options, 1);
  }
}

TEST_CASE("long histories of many keys get the verdict that is known") {
  SimulationOptions options{.model = "kv", .operations = 200'000, .processes = 20};
  judge_both(options, 1);
  options.values.keys = 10;
  options.crash_share = 0.001;
  judge_both(options, 1);
}

TEST_CASE("long histories of collections get the verdict that is known") {
  for (const char* model : {"queue", "stack", "priority-queue", "set"}) {
    SimulationOptions options{.model = model, .operations = 100'000, .processes = 20};
    options.values.count = 0;
    judge_both(options, 1);
    options.operations = 20'000;
    options.processes = 5;
    judge_both(options);
    options.crash_share = 0.003;
    options.late_effects = true;
    judge_both(options);
  }
}
