// The register search with crashed operations without number, at a price: where it runs out of
// configurations there must be no order, by the oracle.
#include <doctest/doctest.h>

#include "checker/linearizable/register/register_any_search.hpp"
#include "checker/linearizable/register/register_guide.hpp"
#include "histories.hpp"
#include "oracle.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

struct Tally {
  int refuted_for_nothing = 0;  ///< where crashed operations cost nothing
  int refuted_at_a_price = 0;
};

/// Whether the search at these costs shows that there is no order; if so, checks that there is
/// none.
bool refutes(const Part& part, const RegisterPart& compiled, std::vector<std::int32_t> costs,
             const OracleAnswer& expected) {
  RegisterSearchOptions options;
  options.exact = options.unlimited = true;
  options.costs = std::move(costs);
  const Budget budget;
  Effort effort(budget);
  const auto search = make_register_search(compiled, options);
  const auto state = search->advance(effort, 1u << 30);
  if (state == RegisterSearchState::finished) return false;
  REQUIRE(state == RegisterSearchState::dead);
  REQUIRE(!expected.valid);
  const OpId fatal = compiled.events[search->event()].op;
  CHECK(part.operations[fatal].completion >= expected.place);
  return true;
}

void fuzz(std::uint64_t seed, int count, const RandomShape& shape, Tally& tally) {
  Random random(seed);
  CheckOptions options;
  options.initial = 0;
  const Model* model = ModelRegistry::instance().find("cas-register");
  for (int i = 0; i < count; ++i) {
    const History history = make_history(random_operations(random, shape));
    const auto parts = split(history, *model, options);
    if (parts->parts.empty()) continue;
    const OracleAnswer expected = RegisterOracle(history, options).judge();
    const RegisterPart compiled = compile_register(parts->parts[0]);
    const std::size_t lanes = compiled.lanes.size();
    if (lanes == 0) continue;
    const bool for_nothing =
        refutes(parts->parts[0], compiled, std::vector<std::int32_t>(lanes, 0), expected);
    std::vector<std::int32_t> prices(lanes);
    bool at_a_price = false;
    for (int t = 0; t < 3; ++t) {
      for (std::int32_t& price : prices)
        price = t == 0 ? 1 : static_cast<std::int32_t>(random.below(4));
      at_a_price = refutes(parts->parts[0], compiled, prices, expected) || at_a_price;
    }
    tally.refuted_for_nothing += for_nothing;
    tally.refuted_at_a_price += at_a_price && !for_nothing;
  }
}

}  // namespace

TEST_CASE("prices of crashed operations refute only what has no order") {
  Tally tally;
  fuzz(1, 20'000, {8, 4, 3, 0.4}, tally);
  fuzz(2, 20'000, {8, 3, 2, 0.4, 0.5, 0.1}, tally);  // mostly reads and compare-and-sets
  fuzz(3, 20'000, {8, 4, 3, 0.5, 0.4, 0.5}, tally);  // reads and writes
  fuzz(4, 20'000, {9, 5, 3, 0.3, 0.3, 0.2}, tally);  // mostly compare-and-sets
  CHECK(tally.refuted_for_nothing > 500);
  CHECK(tally.refuted_at_a_price > 500);
}

TEST_CASE("what is used too often becomes dearer, what is left over cheaper") {
  // Two crashed writes of 1 and one of 2, and three reads of 1 that need a write each.
  std::vector<TestOperation> operations{
      {10, "write", 1, {}, 1, 0, OperationType::invoke},
      {11, "write", 1, {}, 2, 0, OperationType::invoke},
      {12, "write", 2, {}, 3, 0, OperationType::invoke},
  };
  int now = 10;
  for (int round = 0; round < 3; ++round) {
    operations.push_back({0, "write", 3, 3, now, now + 1});
    operations.push_back({0, "read", {}, round == 0 ? 2 : 1, now + 2, now + 3});
    now += 4;
  }
  operations.push_back({0, "write", 3, 3, now, now + 1});
  operations.push_back({0, "read", {}, 1, now + 2, now + 3});
  CheckOptions options;
  options.initial = 0;
  const History history = make_history(operations);
  const auto parts = split(history, *ModelRegistry::instance().find("cas-register"), options);
  const RegisterPart compiled = compile_register(parts->parts[0]);
  REQUIRE(compiled.lanes.size() == 2);
  const std::size_t of_one = compiled.lanes[0].members == 2 ? 0 : 1;
  for (const auto rule : {CrashedPrices::Rule::add, CrashedPrices::Rule::multiply}) {
    RegisterGuide guide(compiled, compiled.events.size(), rule);
    const Budget budget;
    Effort effort(budget);
    CHECK(guide.improve(effort));
    const auto costs = guide.costs();
    CHECK(costs[of_one] > costs[1 - of_one]);
  }
  CHECK(!RegisterOracle(history, options).judge().valid);
}
