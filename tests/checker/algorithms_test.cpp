// Every algorithm that judges parts of register histories against the oracle: verdict, place and
// order, over random histories of several shapes and over all histories up to a small size.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "checker/linearizable/algorithm.hpp"
#include "checker/verifier.hpp"
#include "fuzz_cases.hpp"
#include "histories.hpp"
#include "oracle.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

/// "" if every algorithm that applies agrees with the oracle.
std::string disagreement(const History& history, const CheckOptions& options) {
  const Model* model = ModelRegistry::instance().find("cas-register");
  const auto parts = split(history, *model, options);
  REQUIRE(parts->misfit.empty());
  REQUIRE(parts->parts.size() <= 1);
  const OracleAnswer expected = RegisterOracle(history, options).judge();
  if (parts->parts.empty()) return expected.valid ? "" : "nothing was left to judge";
  const Part& part = parts->parts[0];
  for (const PartAlgorithm* algorithm : PartAlgorithmRegistry::instance().all()) {
    if (!algorithm->applies(part)) continue;
    const Judgement judgement = algorithm->judge(part, Budget{});
    const std::string name(algorithm->name());
    if (judgement.validity == Validity::unknown) return name + " does not know";
    if ((judgement.validity == Validity::valid) != expected.valid) return name + ": verdict";
    if (!expected.valid) {
      const EventIndex place = part.operations[judgement.fatal].completion;
      if (judgement.fatal_is_earliest ? place != expected.place : place < expected.place) {
        return name + ": place " + std::to_string(place) + " instead of " +
               std::to_string(expected.place);
      }
      continue;
    }
    if (!judgement.has_order) continue;
    OrderCertificate certificate{part.key, {}};
    for (const OpId op : judgement.order)
      certificate.order.push_back(part.operations[op].invocation);
    const auto accepted = Verifier(history, *model, options).order(certificate);
    if (!accepted) return name + ": " + accepted.error().what;
  }
  return "";
}

std::string dump(const History& history) {
  std::string text;
  for (EventIndex i = 0; i < history.size(); ++i)
    append_json_line(text, history.operation(i));
  return text;
}

using Make = std::function<std::vector<TestOperation>(Random&, const RandomShape&)>;

void fuzz(std::uint64_t seed, int count, const RandomShape& shape, CheckOptions options,
          const Make& make = random_operations) {
  Random random(seed);
  for (int i = 0; i < count; ++i) {
    RandomShape varied = shape;
    varied.operations = static_cast<int>(random.between(2, shape.operations));
    varied.processes = static_cast<int>(random.between(2, shape.processes));
    const History history = make_history(make(random, varied));
    const std::string problem = disagreement(history, options);
    if (problem.empty()) continue;
    CAPTURE(dump(history));
    FAIL_CHECK(problem);
    return;
  }
}

CheckOptions starting_with(Value initial) {
  CheckOptions options;
  options.initial = std::move(initial);
  return options;
}

}  // namespace

TEST_CASE("algorithms agree with the oracle on random histories") {
  fuzz(1, fuzz_cases(6000), {}, starting_with(0));
  fuzz(2, fuzz_cases(3000), {7, 4, 2, 0.3, 0.3, 0.3}, starting_with(0));
  fuzz(3, fuzz_cases(3000), {7, 5, 3, 0.1, 0.2, 0.6}, starting_with(0));  // mostly writes
  fuzz(4, fuzz_cases(3000), {7, 5, 3, 0.3, 0.2, 0.1}, starting_with(0));  // mostly compare-and-sets
  fuzz(5, fuzz_cases(2000), {7, 4, 2, 0.5, 0.4, 0.2}, starting_with({}));  // half of them crash
}

TEST_CASE("algorithms agree with the oracle on real registers that lie now and then") {
  const auto lying = [](double lies) {
    return [lies](Random& random, const RandomShape& shape) {
      return simulated_operations(random, shape, lies);
    };
  };
  fuzz(11, fuzz_cases(3000), {8, 4, 3, 0.1}, starting_with(0), lying(0.05));
  fuzz(12, fuzz_cases(3000), {8, 6, 2, 0.3, 0.3, 0.2}, starting_with(0), lying(0.1));
  // Unique values: zones and chains.
  fuzz(13, fuzz_cases(4000), {8, 5, 0, 0.1, 0.6, 0.4}, starting_with(0), lying(0.3));
  fuzz(14, fuzz_cases(4000), {8, 5, 0, 0.2, 0.5, 0.2}, starting_with(0), lying(0.2));
  fuzz(15, fuzz_cases(4000), {8, 5, 0, 0.3, 0.4, 0.0}, starting_with(0), lying(0.15));
}

TEST_CASE("algorithms agree with the oracle where failed compare-and-sets tell something") {
  CheckOptions options = starting_with(0);
  options.failed_cas = FailedCas::check;
  fuzz(6, fuzz_cases(4000), {6, 4, 2, 0.2, 0.3, 0.2, 0.3}, options);
}

namespace {

/// All histories of `count` operations out of `calls`, each completed or crashed.
void exhaust(int count, const std::vector<TestOperation>& calls) {
  const CheckOptions options = starting_with(0);
  std::size_t invalid = 0, total = 0;
  std::string problem;
  for_all_overlaps(count, [&](const std::vector<int>& invoked, const std::vector<int>& completed) {
    std::vector<std::size_t> chosen(static_cast<std::size_t>(count), 0);
    for (bool more = true; more && problem.empty();) {
      std::vector<TestOperation> operations;
      for (std::size_t i = 0; i < chosen.size(); ++i) {
        operations.push_back(calls[chosen[i]]);
        operations.back().process = static_cast<int>(i);
        operations.back().invoked = invoked[i];
        operations.back().completed = completed[i];
      }
      const History history = make_history(operations);
      problem = disagreement(history, options);
      if (!problem.empty()) problem += "\n" + dump(history);
      invalid += !RegisterOracle(history, options).judge().valid;
      ++total;
      more = false;
      for (std::size_t& choice : chosen) {
        choice = (choice + 1) % calls.size();
        if (choice != 0) {
          more = true;
          break;
        }
      }
    }
  });
  CHECK(problem == "");
  CHECK(invalid > total / 10);
  CHECK(invalid < total);
}

std::vector<TestOperation> calls_of(bool with_cas) {
  std::vector<TestOperation> calls;
  for (int a = 0; a < 2; ++a) {
    calls.push_back({0, "read", {}, a, 0, 0});
    calls.push_back({0, "write", a, a, 0, 0});
    calls.push_back({0, "write", a, a, 0, 0, OperationType::info});
    for (int b = 0; b < 2 && with_cas; ++b) {
      calls.push_back({0, "cas", Value::list({a, b}), {}, 0, 0});
      calls.push_back({0, "cas", Value::list({a, b}), {}, 0, 0, OperationType::invoke});
    }
  }
  return calls;
}

}  // namespace

TEST_CASE("algorithms agree with the oracle on all small histories") {
  exhaust(2, calls_of(true));
  exhaust(3, calls_of(true));
  exhaust(4, calls_of(false));
}
