// Valid histories of thousands of operations in which one answer was changed: too long for an
// oracle, so the algorithms that apply are compared with each other, in verdict and place.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "agreement.hpp"
#include "bench/histories/simulated_history.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

std::vector<Operation> simulate(const SimulationOptions& options) {
  std::vector<Operation> events;
  const auto result =
      simulate_history(options, [&](const Operation& event) { events.push_back(event); });
  REQUIRE(result.has_value());
  return events;
}

/// Gives a completion of `f` the answer of another one nearby. Answers whether it found one.
bool change_one_answer(Random& random, const std::string& f, std::vector<Operation>& events) {
  const auto answers = [&](const Operation& event) {
    return event.type == OperationType::ok && event.f == f;
  };
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const auto at = static_cast<std::int64_t>(random.below(events.size()));
    const std::int64_t other = at + random.between(-40, 40);
    if (other < 0 || other >= static_cast<std::int64_t>(events.size())) continue;
    Operation& changed = events[static_cast<std::size_t>(at)];
    const Operation& donor = events[static_cast<std::size_t>(other)];
    const bool fits = answers(changed) && answers(donor) && changed.key == donor.key;
    if (!fits || changed.value == donor.value) continue;
    changed.value = donor.value;
    return true;
  }
  return false;
}

struct Tally {
  int valid = 0, invalid = 0, comparisons = 0;
};

/// What two algorithms do not agree on; "" if they agree.
std::string contradiction(const Part& part, const Verifier& verifier, Tally& tally) {
  std::optional<Judgement> first;
  std::string first_name;
  for (const PartAlgorithm* algorithm : PartAlgorithmRegistry::instance().all()) {
    if (!algorithm->applies(part)) continue;
    Budget budget;
    budget.deadline = Deadline::after(std::chrono::seconds(1));
    Judgement judgement = algorithm->judge(part, budget);
    const std::string name(algorithm->name());
    if (judgement.validity == Validity::unknown) continue;
    if (judgement.validity == Validity::valid) {
      const std::string fault = fault_of(judgement, part, {}, verifier);
      if (!fault.empty()) return fmt::format("{}: {}", name, fault);
    }
    if (!first) {
      first = std::move(judgement);
      first_name = name;
      (first->validity == Validity::valid ? tally.valid : tally.invalid) += 1;
      continue;
    }
    ++tally.comparisons;
    const std::string both = fmt::format("{} and {}", first_name, name);
    if (first->validity != judgement.validity) return both + ": verdict";
    if (judgement.validity == Validity::valid) continue;
    const bool are_exact = first->fatal_is_earliest && judgement.fatal_is_earliest;
    if (are_exact && first->fatal != judgement.fatal) return both + ": place";
  }
  return "";
}

void compare(SimulationOptions options, const std::string& f, int count, Tally& tally) {
  Random random = Random(201).fork(options.model);
  for (int i = 0; i < fuzz_cases(count); ++i) {
    options.seed = random.next();
    std::vector<Operation> events = simulate(options);
    if (!change_one_answer(random, f, events)) continue;
    History history;
    for (const Operation& event : events)
      history.append(event);
    REQUIRE(history.pair().has_value());
    const Model* model = ModelRegistry::instance().find(options.model);
    const CheckOptions check_options;
    const auto parts = split(history, *model, check_options);
    REQUIRE(parts->misfit.empty());
    const Verifier verifier(history, *model, check_options);
    for (const Part& part : parts->parts) {
      CAPTURE(options.model);
      CAPTURE(options.operations);
      CAPTURE(options.processes);
      CAPTURE(options.values.count);
      CAPTURE(options.crash_share);
      CAPTURE(options.seed);
      CAPTURE(i);
      CHECK(contradiction(part, verifier, tally) == "");
    }
  }
}

}  // namespace

TEST_CASE("algorithms agree on long histories of registers with one answer changed") {
  for (const char* model : {"register", "cas-register"}) {
    Tally tally;
    SimulationOptions options{.model = model, .operations = 10'000, .processes = 5};
    compare(options, "read", 5, tally);
    options.values.count = 0;
    compare(options, "read", 5, tally);
    options.crash_share = 0.001;
    compare(options, "read", 5, tally);
    options.values.count = 5;
    options.operations = 1000;
    compare(options, "read", 5, tally);
    CHECK(tally.invalid >= fuzz_cases(10));
    CHECK(tally.comparisons >= fuzz_cases(15));
  }
}

TEST_CASE("algorithms agree on histories of other models with one answer changed") {
  struct Change {
    const char* model;
    const char* f;
  };
  for (const Change change :
       {Change{"queue", "dequeue"}, Change{"stack", "pop"}, Change{"priority-queue", "extract"},
        Change{"set", "contains"}, Change{"counter", "read"}, Change{"kv", "get"}}) {
    Tally tally;
    SimulationOptions options{.model = change.model, .operations = 60, .processes = 3};
    options.values.keys = 2;
    compare(options, change.f, 20, tally);
    options.values.count = 0;
    compare(options, change.f, 20, tally);
    options.crash_share = 0.02;
    compare(options, change.f, 20, tally);
    CAPTURE(change.model);
    CHECK(tally.invalid >= fuzz_cases(10));
    CHECK(tally.comparisons >= fuzz_cases(40));
  }
}
