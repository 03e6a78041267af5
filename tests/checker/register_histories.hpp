// What the tests of transactions on registers judge: histories of simulated databases, and changes
// of them.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "bench/histories/transaction_history.hpp"
#include "fuzz_cases.hpp"
#include "history/history.hpp"
#include "history/json_lines.hpp"

namespace gauntlet::testing {

/// Those that a database of registers can have alone come last.
inline constexpr std::array register_isolations = {
    Isolation::read_uncommitted,    Isolation::read_committed, Isolation::prefix,
    Isolation::parallel_snapshot,   Isolation::snapshot,       Isolation::serializable,
    Isolation::strict_serializable, Isolation::read_atomic,    Isolation::causal};
inline constexpr std::size_t isolations_of_lists = register_isolations.size() - 2;

inline std::vector<Operation> simulated_registers(const TransactionOptions& options) {
  std::vector<Operation> operations;
  REQUIRE(simulate_transactions(options, [&](const Operation& operation) {
            operations.push_back(operation);
          }).has_value());
  return operations;
}

inline History history_of_registers(const std::vector<Operation>& operations) {
  History history;
  for (const Operation& operation : operations)
    history.append(operation);
  REQUIRE(history.pair().has_value());
  return history;
}

inline std::string text_of_registers(const std::vector<Operation>& operations) {
  std::string text;
  for (const Operation& operation : operations)
    append_json_line(text, operation);
  return text;
}

/// Changes what one read says, or how one transaction ended.
inline void mutate_registers(std::vector<Operation>& operations, Random& random) {
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

/// A small history, of some database, with some reads or ends changed.
inline std::vector<Operation> small_registers(int number, Random& random, std::int64_t values = 0) {
  TransactionOptions options;
  options.registers = true;
  options.values = values;
  options.isolation =
      register_isolations[static_cast<std::size_t>(number) % register_isolations.size()];
  options.transactions = random.between(3, 6);
  options.sessions = random.between(2, 4);
  options.keys = random.between(1, 3);
  options.length_max = random.between(1, 5);
  options.crash_share = random.chance(0.3) ? 0.2 : 0;
  options.seed = random.next();
  auto operations = simulated_registers(options);
  for (auto left = random.below(7); left > 0; --left)
    mutate_registers(operations, random);
  return operations;
}

}  // namespace gauntlet::testing
