// Levels of transactions on registers that are orders of moments: against an oracle that tries
// everything.

#include "checker/transactional/order_decision.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>

#include "checker/transactional/order_decision.hpp"
#include "register_histories.hpp"
#include "register_oracle.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

struct Claim {
  OrderLevel level;
  RegisterOracle::Level oracle;
  RegisterOracle::Order order;
};

const std::vector<Claim> claims = [] {
  using L = RegisterOracle::Level;
  using O = RegisterOracle::Order;
  std::vector<Claim> all;
  for (const auto& [sight, level] :
       {std::pair(Sight::prefix, L::prefix), std::pair(Sight::snapshot, L::snapshot),
        std::pair(Sight::serial, L::serial)}) {
    all.push_back({{sight, Timing::none}, level, O::none});
    all.push_back({{sight, Timing::sessions}, level, O::process});
    all.push_back({{sight, Timing::real_time}, level, O::realtime});
  }
  return all;
}();

/// Whether the footprints say all: no read but of versions that others finished, and each
/// transaction agrees with itself.
bool is_sound(const RegisterTransactions& registers) {
  const Transactions& all = registers.transactions();
  for (MicroId m = 0; m < all.micro_count(); ++m) {
    const ReadSource source = registers.source(m);
    if (source == ReadSource::none) continue;
    if (source != ReadSource::others && source != ReadSource::own) return false;
    if (!registers.agrees(m)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("orders of transactions on registers: every level agrees with the oracle") {
  std::map<std::pair<int, int>, std::array<int, 3>> seen;
  int by_solver = 0;
  Random random(30);
  for (int i = 0; i < fuzz_cases(6000); ++i) {
    const auto operations = small_registers(i, random);
    const std::string text = text_of_registers(operations);
    CAPTURE(text);
    const History history = history_of_registers(operations);
    const RegisterOracle oracle(history);
    const CheckOptions check;
    Effort effort(check.budget);
    const auto all = Transactions::of(history, check.budget, KeyType::registers);
    RegisterTransactions registers(*all);
    REQUIRE(registers.resolve(check, effort));
    const Footprints footprints = footprints_of(registers, effort);
    for (const Claim& claim : claims) {
      CAPTURE(static_cast<int>(claim.level.sight));
      CAPTURE(static_cast<int>(claim.level.timing));
      const bool allowed = oracle.allows(claim.oracle, claim.order);
      if (!is_sound(registers)) {
        REQUIRE_FALSE(allowed);
        continue;
      }
      const OrderDecision decision = decide_order(footprints, claim.level, effort);
      ++seen[{static_cast<int>(claim.level.sight), static_cast<int>(claim.level.timing)}]
            [static_cast<std::size_t>(decision.decided)];
      by_solver += decision.method.starts_with("a solver");
      REQUIRE(decision.decided == (allowed ? Decided::holds : Decided::fails));
      if (allowed) CHECK(decision.run.size() == 2 * footprints.size());
    }
  }
  MESSAGE(by_solver, " by the solver");
  for (const auto& [level, counts] : seen) {
    MESSAGE(level.first, " ", level.second, ": ", counts[0], " hold, ", counts[1], " fail");
    CHECK(counts[0] > 100);
    CHECK(counts[1] > 20);
  }
}
