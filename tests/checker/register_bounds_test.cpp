// The one-sided searches of the register portfolio, each by itself against the oracle: where they
// claim something it is true. On small histories the portfolio as a whole hardly asks them.
#include <doctest/doctest.h>

#include "agreement.hpp"
#include "checker/linearizable/register/register_any_search.hpp"
#include "model_histories.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

using State = RegisterSearchState;

State run(AnyRegisterSearch& search) {
  const Budget budget;
  Effort effort(budget);
  return search.advance(effort, std::size_t{1} << 40);
}

struct Claims {
  int refuted = 0, found = 0;
};

/// Calls `judge(part, first)` for many histories with crashes; `first` is the position in the
/// part's events of the earliest return without an order, or their number.
template <class Judge>
void for_many(std::uint64_t seed, int count, Judge judge) {
  const Model& model = *ModelRegistry::instance().find("cas-register");
  const CheckOptions options = options_for("cas-register");
  Random random(seed);
  for (int i = 0; i < count; ++i) {
    ModelShape shape{.operations = static_cast<int>(random.between(4, 12)),
                     .processes = static_cast<int>(random.between(3, 6)),
                     .values = static_cast<int>(random.between(2, 5)),
                     .crash = random.chance(0.5) ? 0.4 : 0.1,
                     .fail = 0};
    shape.weights = {1, random.chance(0.5) ? 0.5 : 2.0, random.chance(0.5) ? 3.0 : 1.0};
    const auto kind = static_cast<HistoryKind>(random.below(3));
    const History history = make_history(model_operations(random, model, shape, kind));
    const auto parts = split(history, model, options);
    if (parts->parts.empty()) continue;
    const Part& part = parts->parts[0];
    const RegisterPart compiled = compile_register(part);
    const OracleAnswer expected = ModelOracle(history, model, options).judge();
    std::size_t first = 0;  // nothing left out can be the place: what is left out crashed
    while (first < compiled.events.size() &&
           (!compiled.events[first].returns ||
            part.operations[compiled.events[first].op].completion != expected.place)) {
      ++first;
    }
    REQUIRE(expected.valid == (first == compiled.events.size()));
    CAPTURE(as_json_lines(history));
    judge(random, compiled, first);
  }
}

}  // namespace

TEST_CASE("a search with crashed operations at a price refutes only what has no order") {
  Claims claims;
  for_many(401, fuzz_cases(30'000), [&](Random& random, const RegisterPart& part, auto first) {
    RegisterSearchOptions options;
    options.exact = true;
    options.unlimited = true;
    for (std::size_t lane = 0; lane < part.lanes.size(); ++lane)
      options.costs.push_back(static_cast<std::int32_t>(random.below(4)));
    const auto search = make_register_search(part, options);
    if (run(*search) != State::dead) return;
    ++claims.refuted;
    REQUIRE(search->event() >= first);
  });
  CHECK(claims.refuted > fuzz_cases(3000));
}

TEST_CASE("a projection refutes only what has no order") {
  Claims claims;
  for_many(402, fuzz_cases(30'000), [&](Random& random, const RegisterPart& part, auto first) {
    std::vector<std::uint32_t> kept;
    for (std::uint32_t value = 0; value < part.values; ++value) {
      if (random.chance(0.5)) kept.push_back(value);
    }
    if (kept.empty()) return;
    std::vector<std::uint32_t> origin;
    const RegisterPart projected = project(part, kept, origin);
    RegisterSearchOptions options;
    options.exact = true;
    const auto search = make_register_search(projected, options);
    if (run(*search) != State::dead) return;
    ++claims.refuted;
    REQUIRE(origin[search->event()] >= first);
  });
  CHECK(claims.refuted > fuzz_cases(3000));
}

TEST_CASE("a beam finds only orders that exist, and gives up only where there is none") {
  Claims claims;
  for_many(403, fuzz_cases(30'000), [&](Random& random, const RegisterPart& part, auto first) {
    RegisterSearchOptions options;
    if (random.chance(0.5)) {
      for (std::size_t lane = 0; lane < part.lanes.size(); ++lane)
        options.costs.push_back(static_cast<std::int32_t>(random.below(30)));
    }
    const auto search = make_register_search(part, options);
    const State state = run(*search);
    if (state == State::finished) {
      ++claims.found;
      REQUIRE(first == part.events.size());
    } else if (state == State::dead) {
      ++claims.refuted;
      REQUIRE(search->event() == first);
    } else {
      REQUIRE(search->event() <= first);
    }
  });
  CHECK(claims.found > fuzz_cases(3000));
  CHECK(claims.refuted > fuzz_cases(1000));
}
