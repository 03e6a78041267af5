// Independent methods judge the same histories: transactions on lists and what is left of them on
// registers; transactions of one operation and operations.

#include <doctest/doctest.h>

#include <map>

#include "checker/checker.hpp"
#include "register_histories.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

Verdict judge(std::string_view checker, const History& history, std::string model = {}) {
  CheckOptions options;
  options.model = std::move(model);
  return CheckerRegistry::instance().find(checker)->check(history, options);
}

std::map<std::string, Validity> standings(const Verdict& verdict) {
  std::map<std::string, Validity> result;
  for (const ModelVerdict& known : verdict.models)
    result[known.name] = known.validity;
  return result;
}

/// Appends become writes, and a list that was read its last element.
std::vector<Operation> as_registers(std::vector<Operation> operations) {
  for (Operation& operation : operations) {
    Value::List micros = operation.value.items();
    for (Value& micro : micros) {
      const auto& parts = micro.items();
      if (parts[0].string() == "append") {
        micro = Value(Value::List{"w", parts[1], parts[2]});
      } else {
        const bool is_empty = !parts[2].is_list() || parts[2].items().empty();
        const Value last = is_empty ? Value() : parts[2].items().back();
        micro = Value(Value::List{"r", parts[1], last});
      }
    }
    operation.value = Value(std::move(micros));
  }
  return operations;
}

/// Transactions of one micro-operation become reads and writes.
std::vector<Operation> as_operations(std::vector<Operation> operations) {
  for (Operation& operation : operations) {
    const Value micro = operation.value.items()[0];
    operation.f = micro.items()[0].string() == "w" ? "write" : "read";
    operation.key = micro.items()[1];
    operation.value = micro.items()[2];
  }
  return operations;
}

}  // namespace

TEST_CASE("transactions on lists that satisfy a level satisfy it on registers") {
  Random random(40);
  int held = 0, failed = 0;
  for (int i = 0; i < fuzz_cases(1500); ++i) {
    TransactionOptions options;
    options.isolation = register_isolations[static_cast<std::size_t>(i) % isolations_of_lists];
    options.transactions = random.between(3, 30);
    options.sessions = random.between(2, 5);
    options.keys = random.between(1, 4);
    options.length_max = random.between(1, 4);
    options.crash_share = random.chance(0.3) ? 0.1 : 0;
    options.seed = random.next();
    const auto operations = simulated_registers(options);
    const std::string text = text_of_registers(operations);
    CAPTURE(text);
    const auto lists = standings(judge("list-append", history_of_registers(operations)));
    auto registers =
        standings(judge("rw-register", history_of_registers(as_registers(operations))));
    for (const auto& [model, validity] : lists) {
      CAPTURE(model);
      held += validity == Validity::valid ? 1 : 0;
      failed += registers[model] == Validity::invalid ? 1 : 0;
      if (validity == Validity::valid) REQUIRE(registers[model] != Validity::invalid);
    }
  }
  CHECK(held > 1000);
  CHECK(failed > 500);
}

TEST_CASE(
    "transactions of one operation are strict serializable where operations are linearizable") {
  Random random(41);
  std::map<std::pair<Validity, Validity>, int> seen;
  for (int i = 0; i < fuzz_cases(1500); ++i) {
    TransactionOptions options;
    options.registers = true;
    options.isolation =
        register_isolations[static_cast<std::size_t>(i) % register_isolations.size()];
    options.transactions = random.between(3, 25);
    options.sessions = random.between(2, 5);
    options.keys = random.between(1, 3);
    options.length_max = 1;
    options.crash_share = random.chance(0.3) ? 0.1 : 0;
    options.seed = random.next();
    auto operations = simulated_registers(options);
    for (auto left = random.below(4); left > 0; --left)
      mutate_registers(operations, random);
    const std::string text = text_of_registers(operations);
    CAPTURE(text);
    auto transactions = standings(judge("rw-register", history_of_registers(operations)));
    const History plain = history_of_registers(as_operations(operations));
    const Validity linearizable = judge("linearizable", plain, "register").validity;
    const Validity sequential = judge("sequential", plain).validity;
    const auto compare = [&](Validity operation, Validity transaction) {
      ++seen[{operation, transaction}];
      if (operation == Validity::unknown || transaction == Validity::unknown) return;
      REQUIRE(operation == transaction);
    };
    compare(linearizable, transactions["strict-serializable"]);
    compare(sequential, transactions["strong-session-serializable"]);
  }
  CHECK(seen[{Validity::valid, Validity::valid}] > 500);
  CHECK(seen[{Validity::invalid, Validity::invalid}] > 300);
}
