// The checker of transactions on lists: against an oracle that tries all orders, on histories of
// simulated databases and changes of them; and the published histories.

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/random.hpp"
#include "bench/histories/transaction_history.hpp"
#include "checker/checker.hpp"
#include "checker/consistency_models.hpp"
#include "checker/transactional/cycle_verifier.hpp"
#include "fuzz_cases.hpp"
#include "history/reader.hpp"
#include "transaction_oracle.hpp"

using namespace gauntlet;
using gauntlet::testing::TransactionOracle;

namespace {

const std::vector<Isolation> isolations = {Isolation::read_uncommitted, Isolation::read_committed,
                                           Isolation::snapshot, Isolation::serializable,
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

/// Transactions as JSON, each with how it ended; of processes 0, 1, 2 and so on, all at once or one
/// after another.
struct Written {
  std::string value;
  std::string end = "ok";
  int process = -1;  ///< by default its own
};

History written(const std::vector<Written>& transactions, bool at_once) {
  std::string invocations;
  std::string lines;
  for (std::size_t i = 0; i < transactions.size(); ++i) {
    const Written& t = transactions[i];
    const std::string rest = ",\"f\":\"txn\",\"process\":" +
                             std::to_string(t.process < 0 ? static_cast<int>(i) : t.process) +
                             ",\"value\":" + t.value + "}\n";
    (at_once ? invocations : lines) += "{\"type\":\"invoke\"" + rest;
    lines += "{\"type\":\"" + t.end + "\"" + rest;
  }
  auto read = parse_history(invocations + lines, "test", HistoryFormat::json_lines);
  REQUIRE(read.has_value());
  return std::move(read->history);
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
      if (later.index > operation.index && later.process == operation.process) later.process += 100;
    }
    return;
  }
  if (operation.type != OperationType::ok) return;
  Value::List micros = operation.value.items();
  Value::List micro = micros[random.below(micros.size())].items();
  if (micro[0].string() != "r") return;
  Value::List list = micro[2].is_list() ? micro[2].items() : Value::List();
  switch (random.below(4)) {
    case 0:
      if (!list.empty()) list.pop_back();
      break;
    case 1:
      list.emplace_back(random.between(1, 4));
      break;
    case 2:
      if (list.size() > 1) std::swap(list[0], list[list.size() - 1]);
      break;
    default:
      if (!list.empty()) list.erase(list.begin());
  }
  for (Value& other : micros) {
    if (other.items()[0].string() == "r" && other.items()[1] == micro[1]) {
      other = Value(Value::List{"r", micro[1], Value(list)});
      break;
    }
  }
  operation.value = Value(std::move(micros));
}

Verdict judge(const History& history, std::vector<std::string> consistency = {}) {
  CheckOptions options;
  options.consistency = std::move(consistency);
  const Checker* const checker = CheckerRegistry::instance().find("list-append");
  REQUIRE(checker != nullptr);
  Verdict verdict = checker->check(history, options);
  for (const Anomaly& anomaly : verdict.anomalies) {
    CAPTURE(anomaly.name);
    CHECK(anomaly.verified_by != "");
  }
  if (verdict.validity == Validity::invalid) CHECK(!verdict.anomalies.empty());
  if (verdict.validity == Validity::unknown) CHECK(!verdict.reason.empty());
  return verdict;
}

std::size_t count(const Verdict& verdict, std::string_view name) {
  const Value* const found = verdict.statistics.find("anomalies")->find(name);
  return found == nullptr ? 0 : static_cast<std::size_t>(found->integer());
}

struct Claim {
  std::string_view model;
  TransactionOracle::Level level;
  TransactionOracle::Order order;
};

const std::vector<Claim> claims = {
    {"read-committed", TransactionOracle::Level::read_committed, TransactionOracle::Order::none},
    {"strong-session-read-committed", TransactionOracle::Level::read_committed,
     TransactionOracle::Order::process},
    {"strong-read-committed", TransactionOracle::Level::read_committed,
     TransactionOracle::Order::realtime},
    {"snapshot-isolation", TransactionOracle::Level::snapshot, TransactionOracle::Order::none},
    {"strong-session-snapshot-isolation", TransactionOracle::Level::snapshot,
     TransactionOracle::Order::process},
    {"strong-snapshot-isolation", TransactionOracle::Level::snapshot,
     TransactionOracle::Order::realtime},
    {"serializable", TransactionOracle::Level::serializable, TransactionOracle::Order::none},
    {"strong-session-serializable", TransactionOracle::Level::serializable,
     TransactionOracle::Order::process},
    {"strict-serializable", TransactionOracle::Level::serializable,
     TransactionOracle::Order::realtime},
};

}  // namespace

TEST_CASE("transactions on lists: every level agrees with the oracle that tries all orders") {
  std::map<std::string, std::array<int, 3>> seen;  // by model: how often it holds, fails, is open
  Random random(20);
  for (int i = 0; i < testing::fuzz_cases(4000); ++i) {
    TransactionOptions options;
    options.isolation = isolations[static_cast<std::size_t>(i) % isolations.size()];
    options.transactions = random.between(2, 6);
    options.sessions = random.between(2, 4);
    options.keys = random.between(1, 3);
    options.length_max = random.between(1, 4);
    options.crash_share = random.chance(0.3) ? 0.2 : 0;
    options.seed = random.next();
    auto operations = simulated(options);
    for (auto left = random.below(3); left > 0; --left)
      mutate(operations, random);
    const std::string text = text_of(operations);
    CAPTURE(text);
    const History history = history_of(operations);
    const TransactionOracle oracle(history);
    for (const Claim& claim : claims) {
      CAPTURE(claim.model);
      const Verdict verdict = judge(history, {std::string(claim.model)});
      ++seen[std::string(claim.model)][static_cast<std::size_t>(verdict.validity)];
      if (verdict.validity == Validity::unknown) continue;
      REQUIRE((verdict.validity == Validity::valid) == oracle.allows(claim.level, claim.order));
    }
  }
  for (const auto& [model, counts] : seen) {
    MESSAGE(model, ": ", counts[0], " hold, ", counts[1], " fail, ", counts[2], " open");
    CHECK(counts[0] > 100);
    CHECK(counts[1] > 100);
  }
}

TEST_CASE("transactions on lists: each anomaly by its name") {
  const std::string x1 = R"([["append","x",1]])";
  const std::string x2 = R"([["append","x",2]])";
  const auto only = [](const Verdict& verdict, std::string_view name) {
    const Value& counts = *verdict.statistics.find("anomalies");
    return counts.entries().size() == 1 && counts.entries()[0].first == name;
  };
  const auto at_once = [](const std::vector<Written>& all) { return judge(written(all, true)); };
  const auto in_turn = [](const std::vector<Written>& all) { return judge(written(all, false)); };

  CHECK(at_once({{x1}, {R"([["r","x",[1]]])"}}).validity == Validity::valid);
  CHECK(only(at_once({{R"([["append","x",1],["append","y",1]])"},
                      {R"([["append","x",2],["append","y",2]])"},
                      {R"([["r","x",[1,2]]])"},
                      {R"([["r","y",[2,1]]])"}}),
             "G0"));
  CHECK(only(at_once({{x1, "fail"}, {R"([["r","x",[1]]])"}}), "G1a"));
  CHECK(count(at_once({{R"([["append","x",1],["append","x",2]])"},
                       {R"([["r","x",[1]]])"},
                       {R"([["r","x",[1,2]]])"}}),
              "G1b") == 1);
  CHECK(only(
      at_once({{R"([["append","x",1],["r","y",[2]]])"}, {R"([["append","y",2],["r","x",[1]]])"}}),
      "G1c"));
  CHECK(only(at_once({{R"([["append","x",1],["append","y",1]])"},
                      {R"([["r","x",[1]],["r","y",[]]])"},
                      {R"([["r","y",[1]]])"}}),
             "G-single"));
  CHECK(only(at_once({{R"([["append","x",1],["r","y",[]]])"},
                      {R"([["append","y",1],["r","x",[]]])"},
                      {R"([["r","x",[1]],["r","y",[1]]])"}}),
             "G2-item"));
  // A long fork: two readers see two appends in either order.
  CHECK(only(at_once({{x1},
                      {R"([["append","y",1]])"},
                      {R"([["r","x",[1]],["r","y",[]]])"},
                      {R"([["r","x",[]],["r","y",[1]]])"}}),
             "G-nonadjacent"));
  CHECK(only(in_turn({{x1}, {R"([["r","x",[]]])"}}), "G-single-realtime"));
  CHECK(only(in_turn({{x1, "ok", 0}, {R"([["r","x",[]]])", "ok", 0}}), "G-single-process"));
  CHECK(only(in_turn({{x2}, {x1}, {R"([["r","x",[1,2]]])"}}), "G0-realtime"));
  CHECK(only(in_turn({{R"([["r","x",[1]]])"}, {x1}}), "G1c-realtime"));
  CHECK(count(at_once({{R"([["r","x",[]],["append","x",1]])"},
                       {R"([["r","x",[]],["append","x",2]])"},
                       {R"([["r","x",[1,2]]])"}}),
              "lost update") == 1);
  CHECK(only(at_once({{R"([["append","x",1],["r","x",[]]])"}}), "internal"));
  CHECK(count(at_once({{R"([["r","x",[1]],["append","x",1]])"}}), "future read") == 1);
  CHECK(count(at_once({{x1, "fail"}, {x2}, {R"([["r","x",[1,2]]])"}}), "dirty update") == 1);
  CHECK(count(at_once({{x1}, {R"([["r","x",[1,1]]])"}}), "duplicate elements") == 1);
  CHECK(only(at_once({{R"([["r","x",[7]]])"}}), "thin-air read"));
  const Verdict incompatible =
      at_once({{x1}, {x2}, {R"([["r","x",[1,2]]])"}, {R"([["r","x",[2,1]]])"}});
  CHECK(count(incompatible, "incompatible order") == 1);
  CHECK(count(incompatible, "cyclic versions") == 1);
}

TEST_CASE("transactions on lists: what cannot be known is unknown") {
  CHECK(judge(written({{R"([["append","x",1]])", "info"}}, true)).validity == Validity::unknown);
  CHECK(judge(written({{R"([["w","x",1]])"}}, true)).validity == Validity::unknown);
  CHECK(judge(written({{R"([["append","x",1]])"}}, true), {"sound"}).validity == Validity::unknown);
  // Two append the same: whose is it?
  const auto twice =
      written({{R"([["append","x",1]])"}, {R"([["append","x",1]])"}, {R"([["r","x",[1]]])"}}, true);
  CHECK(judge(twice).validity == Validity::unknown);
  // Write skew between two that appended to z, which nobody read: whether snapshot isolation can
  // hold is a matter of an order that nobody saw.
  const auto skew = written({{R"([["append","x",1],["r","y",[]],["append","z",1]])"},
                             {R"([["append","y",1],["r","x",[]],["append","z",2]])"}},
                            true);
  CHECK(judge(skew, {"serializable"}).validity == Validity::invalid);
  CHECK(judge(skew, {"snapshot-isolation"}).validity == Validity::unknown);

  Budget budget;
  budget.deadline = Deadline::after(std::chrono::nanoseconds(0));
  CheckOptions options;
  options.budget = budget;
  const auto verdict = CheckerRegistry::instance().find("list-append")->check(twice, options);
  CHECK(verdict.validity == Validity::unknown);
  CHECK(verdict.reason.find("time limit") != std::string::npos);
}

TEST_CASE("transactions on lists: databases keep what their level promises, at length") {
  struct Promise {
    Isolation isolation;
    std::string_view model;
    std::string_view broken;  ///< the next that they break
  };
  const std::vector<Promise> promises = {
      {Isolation::strict_serializable, "strict-serializable", ""},
      {Isolation::serializable, "serializable", "strong-session-serializable"},
      {Isolation::snapshot, "snapshot-isolation", "serializable"},
      {Isolation::read_committed, "read-committed", "snapshot-isolation"},
      {Isolation::read_uncommitted, "", "read-committed"}};
  for (const Promise& promise : promises) {
    TransactionOptions options;
    options.isolation = promise.isolation;
    options.transactions = 3000;
    options.crash_share = 0.02;
    const History history = history_of(simulated(options));
    CAPTURE(promise.model);
    CAPTURE(promise.broken);
    if (!promise.model.empty()) {
      CHECK(judge(history, {std::string(promise.model)}).validity != Validity::invalid);
    }
    if (!promise.broken.empty()) {
      CHECK(judge(history, {std::string(promise.broken)}).validity == Validity::invalid);
    }
  }
}

TEST_CASE("transactions on lists: planted anomalies are found, and no others") {
  TransactionOptions options;
  options.transactions = 5000;
  options.plant = TransactionPlant::stale_read;
  const Verdict stale = judge(history_of(simulated(options)));
  CHECK(stale.anomalies_total == 1);
  CHECK(count(stale, "G-single-realtime") == 1);
  options.plant = TransactionPlant::g_single;
  const Verdict g_single = judge(history_of(simulated(options)));
  CHECK(count(g_single, "G-single") == 1);
}

TEST_CASE("transactions on lists: Elle's huge component is decided") {
  const char* const given = std::getenv("GAUNTLET_CORPUS");
  const std::string corpus =
      given != nullptr ? given : std::string(GAUNTLET_SOURCE_DIR) + "/../shared/histories";
  const std::string path = corpus + "/other/huge-scc.edn";
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: no ", path, "; name the corpora with GAUNTLET_CORPUS");
    return;
  }
  const auto read = read_history(path);
  REQUIRE(read.has_value());
  CHECK(judge(read->history, {"strong-snapshot-isolation"}).validity == Validity::invalid);
  CHECK(judge(read->history, {"serializable"}).validity == Validity::valid);
}

TEST_CASE("transactions on lists: the verifier refuses what does not follow") {
  const History history = written(
      {{R"([["append","x",1],["append","y",1]])"}, {R"([["r","x",[1]],["r","y",[]]])"}}, true);
  const ValueId x = history.values().as_list(history.values().as_list(history.value(0))[0])[1];
  const ValueId y = history.values().as_list(history.values().as_list(history.value(0))[1])[1];
  const ValueId one = history.values().as_list(history.values().as_list(history.value(0))[0])[2];
  const TransactionVerifier verifier(history, {x, y});
  CycleCertificate cycle;
  cycle.name = "G-single";
  cycle.transactions = {0, 1};
  cycle.observers = {no_event, no_event};
  cycle.edges = {{"wr", x, one, ValueId::nil}, {"rw", y, ValueId::nil, one}};
  CHECK(verifier.cycle(cycle).has_value());

  CycleCertificate wrong = cycle;
  wrong.name = "G1c";
  CHECK_FALSE(verifier.cycle(wrong).has_value());
  wrong = cycle;
  wrong.edges[0].key = y;  // nobody read that
  CHECK_FALSE(verifier.cycle(wrong).has_value());
  wrong = cycle;
  wrong.edges[1].key = x;  // which the reader did see
  CHECK_FALSE(verifier.cycle(wrong).has_value());
  wrong = cycle;
  wrong.edges[0] = {"realtime"};  // they ran at once
  wrong.name = "G-single-realtime";
  CHECK_FALSE(verifier.cycle(wrong).has_value());
  wrong = cycle;
  wrong.transactions = {0, 0};
  CHECK_FALSE(verifier.cycle(wrong).has_value());
  CHECK_FALSE(verifier.observation({"G1a", x, 1, 0, 0, 0}).has_value());
  CHECK_FALSE(verifier.observation({"internal", y, 1, 1, 1, 0}).has_value());
}

TEST_CASE("the table of consistency models is in order") {
  for (const ConsistencyModel& model : consistency_models(Subject::transactions)) {
    CAPTURE(model.name);
    for (const std::string_view weaker : model.implies) {
      const ConsistencyModel* const found = find_consistency_model(weaker, Subject::transactions);
      REQUIRE(found != nullptr);
      CHECK(found < &model);
    }
  }
  using Names = std::vector<std::string>;
  CHECK(expanded({"sequential", "causal"}, Subject::transactions) ==
        Names{"strong-session-serializable", "causal"});
  CHECK(expanded({"sequential"}, Subject::operations) == Names{"sequential"});
  CHECK(expanded({"pram", "all", "pram"}, Subject::operations).size() ==
        consistency_models(Subject::operations).size());
  const ModelStandings none({}, true, true);
  CHECK(none.strongest_holding() == std::vector<std::string>{"strict-serializable"});
  CHECK(none.unknown().empty());
  const ModelStandings skew({"G2-item"}, true, true);
  CHECK(skew.of("snapshot-isolation") == Standing::holds);
  CHECK(skew.of("prefix") == Standing::holds);
  CHECK(skew.of("repeatable-read") == Standing::fails);
}
