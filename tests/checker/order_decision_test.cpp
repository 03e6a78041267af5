// Levels of transactions on registers that are orders of moments: against an oracle that tries
// everything.

#include "checker/transactional/order_decision.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>

#include "base/random.hpp"
#include "bench/histories/transaction_history.hpp"
#include "register_oracle.hpp"

using namespace gauntlet;
using gauntlet::testing::RegisterOracle;

namespace {

int cases(int standard) {
  const char* const factor = std::getenv("GAUNTLET_FUZZ_FACTOR");
  return standard * (factor != nullptr ? std::max(1, std::atoi(factor)) : 1);
}

constexpr std::array isolations = {
    Isolation::read_uncommitted,   Isolation::read_committed, Isolation::prefix,
    Isolation::parallel_snapshot,  Isolation::snapshot,       Isolation::serializable,
    Isolation::strict_serializable};

std::vector<Operation> simulated(const TransactionOptions& options) {
  std::vector<Operation> operations;
  REQUIRE(simulate_transactions(options, [&](const Operation& operation) {
            operations.push_back(operation);
          }).has_value());
  return operations;
}

History history_of(const std::vector<Operation>& operations) {
  History history;
  for (const Operation& operation : operations)
    history.append(operation);
  REQUIRE(history.pair().has_value());
  return history;
}

std::string text_of(const std::vector<Operation>& operations) {
  std::string text;
  for (const Operation& operation : operations)
    append_json_line(text, operation);
  return text;
}

/// Changes what one read says, or how one transaction ended.
void mutate(std::vector<Operation>& operations, Random& random) {
  Operation& operation = operations[random.below(operations.size())];
  if (operation.type == OperationType::invoke) return;
  if (random.chance(0.2)) {
    operation.type = random.chance(0.5) ? OperationType::info : OperationType::fail;
    for (Operation& later : operations) {
      if (later.index > operation.index && later.process == operation.process) {
        later.process += static_cast<Process>(100 * (1 + operation.index));
      }
    }
    return;
  }
  if (operation.type != OperationType::ok) return;
  Value::List micros = operation.value.items();
  Value& micro = micros[random.below(micros.size())];
  if (micro.items()[0].string() != "r") return;
  const Value value = random.chance(0.2) ? Value() : Value(random.between(1, 6));
  micro = Value(Value::List{"r", micro.items()[1], value});
  operation.value = Value(std::move(micros));
}

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
  for (int i = 0; i < cases(6000); ++i) {
    TransactionOptions options;
    options.registers = true;
    options.isolation = isolations[static_cast<std::size_t>(i) % isolations.size()];
    options.transactions = random.between(3, 6);
    options.sessions = random.between(2, 4);
    options.keys = random.between(1, 3);
    options.length_max = random.between(1, 5);
    options.crash_share = random.chance(0.3) ? 0.2 : 0;
    options.seed = random.next();
    auto operations = simulated(options);
    for (auto left = random.below(7); left > 0; --left)
      mutate(operations, random);
    const std::string text = text_of(operations);
    CAPTURE(text);
    const History history = history_of(operations);
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
