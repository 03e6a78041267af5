// The checker of transactions on registers: against an oracle that tries everything, on histories
// of simulated databases and changes of them; its evidence, and what the verifier refuses.

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "checker/checker.hpp"
#include "checker/consistency_models.hpp"
#include "checker/transactional/register_verifier.hpp"
#include "history/reader.hpp"
#include "register_histories.hpp"
#include "register_oracle.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

Verdict judge(const History& history, std::vector<std::string> consistency = {},
              KeyOrder keys = KeyOrder::none) {
  CheckOptions options;
  options.key_order = keys;
  options.consistency = std::move(consistency);
  const Checker* const checker = CheckerRegistry::instance().find("rw-register");
  REQUIRE(checker != nullptr);
  Verdict verdict = checker->check(history, options);
  for (const Anomaly& anomaly : verdict.anomalies) {
    CAPTURE(anomaly.name);
    CHECK(anomaly.verified_by == "register verifier");
  }
  if (verdict.validity == Validity::invalid) CHECK(!verdict.anomalies.empty());
  if (verdict.validity == Validity::unknown) CHECK(!verdict.reason.empty());
  CHECK(verdict.reason.find("internal error") == std::string::npos);
  return verdict;
}

Validity standing(const Verdict& verdict, std::string_view model) {
  for (const ModelVerdict& known : verdict.models) {
    if (known.name == model) return known.validity;
  }
  FAIL("no such model");
  return Validity::unknown;
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

struct Claim {
  std::string_view model;
  RegisterOracle::Level level;
  RegisterOracle::Order order;
};

const std::vector<Claim> claims = {
    {"prefix", RegisterOracle::Level::prefix, RegisterOracle::Order::none},
    {"parallel-snapshot-isolation", RegisterOracle::Level::parallel, RegisterOracle::Order::none},
    {"snapshot-isolation", RegisterOracle::Level::snapshot, RegisterOracle::Order::none},
    {"strong-session-snapshot-isolation", RegisterOracle::Level::snapshot,
     RegisterOracle::Order::process},
    {"strong-snapshot-isolation", RegisterOracle::Level::snapshot, RegisterOracle::Order::realtime},
    {"serializable", RegisterOracle::Level::serial, RegisterOracle::Order::none},
    {"strong-session-serializable", RegisterOracle::Level::serial, RegisterOracle::Order::process},
    {"strict-serializable", RegisterOracle::Level::serial, RegisterOracle::Order::realtime},
};

}  // namespace

namespace {

/// By model: how often it holds, fails, is open.
using Seen = std::map<std::string_view, std::array<int, 3>>;

void compare_with_oracle(int cases, std::uint64_t seed, std::int64_t values, Seen& seen,
                         KeyOrder keys = KeyOrder::none) {
  const auto order = keys == KeyOrder::none         ? RegisterOracle::Order::none
                     : keys == KeyOrder::sequential ? RegisterOracle::Order::process
                                                    : RegisterOracle::Order::realtime;
  Random random(seed);
  for (int i = 0; i < cases; ++i) {
    const auto operations = small_registers(i, random, values);
    const std::string text = text_of_registers(operations);
    CAPTURE(text);
    const History history = history_of_registers(operations);
    const RegisterOracle oracle(history, {}, order);
    const Verdict verdict = judge(history, {}, keys);
    if (verdict.models.empty()) continue;  // nothing committed
    for (const Claim& claim : claims) {
      CAPTURE(claim.model);
      const Validity known = standing(verdict, claim.model);
      ++seen[claim.model][static_cast<std::size_t>(known)];
      if (known == Validity::unknown) continue;
      REQUIRE((known == Validity::valid) == oracle.allows(claim.level, claim.order));
    }
  }
  for (const auto& [model, counts] : seen) {
    MESSAGE(model, ": ", counts[0], " hold, ", counts[1], " fail, ", counts[2], " open");
    CHECK(counts[0] > cases / 30);
    CHECK(counts[1] > cases / 30);
  }
}

}  // namespace

TEST_CASE("transactions on registers: every level agrees with the oracle that tries everything") {
  Seen seen;
  compare_with_oracle(fuzz_cases(3000), 31, 0, seen);
  for (const auto& [model, counts] : seen)
    CHECK(counts[2] < 20);
}

TEST_CASE("transactions on registers: so it does where several wrote the same value") {
  Seen seen;
  compare_with_oracle(fuzz_cases(1500), 32, 3, seen);
}

TEST_CASE("transactions on registers: so it does where the order of keys is known") {
  Seen sequential;
  compare_with_oracle(fuzz_cases(800), 33, 0, sequential, KeyOrder::sequential);
  Seen linearizable;
  compare_with_oracle(fuzz_cases(800), 34, 0, linearizable, KeyOrder::linearizable);
  compare_with_oracle(fuzz_cases(400), 35, 3, linearizable, KeyOrder::linearizable);
  // Two blind writes one after another, and a read of the first: serializable unless keys are
  // linearizable.
  const History stale = written({{R"([["w","x",1]])"},
                                 {R"([["w","x",2]])"},
                                 {R"([["r","x",1],["r","y",1]])"},
                                 {R"([["r","x",2],["w","y",1]])"}},
                                false);
  CHECK(standing(judge(stale), "read-committed") == Validity::valid);
  CHECK(standing(judge(stale), "serializable") == Validity::valid);
  CHECK(standing(judge(stale, {}, KeyOrder::linearizable), "serializable") == Validity::invalid);
}

TEST_CASE("transactions on registers: each anomaly by its name") {
  const auto name = [](const Verdict& verdict) {
    REQUIRE(!verdict.anomalies.empty());
    // Beside those the patterns of the levels below snapshots: CyclicCO, FracturedReadAO, ...
    for (const Anomaly& anomaly : verdict.anomalies) {
      if (!anomaly.name.ends_with("CO") && !anomaly.name.ends_with("AO")) return anomaly.name;
    }
    return std::string();
  };
  const auto at_once = [](const std::vector<Written>& all) { return judge(written(all, true)); };
  const auto in_turn = [](const std::vector<Written>& all) { return judge(written(all, false)); };
  const std::string x1 = R"([["w","x",1]])";

  CHECK(at_once({{x1}, {R"([["r","x",1]])"}}).validity == Validity::valid);
  CHECK(name(at_once({{x1, "fail"}, {R"([["r","x",1]])"}})) == "G1a");
  CHECK(name(at_once({{R"([["w","x",1],["w","x",2]])"}, {R"([["r","x",1]])"}})) == "G1b");
  CHECK(name(at_once({{R"([["r","x",1],["w","x",1]])"}})) == "future read");
  CHECK(name(at_once({{R"([["r","x",7]])"}})) == "thin-air read");
  CHECK(name(at_once({{R"([["w","x",1],["r","x",null]])"}})) == "internal");
  CHECK(name(at_once({{R"([["w","x",1],["r","y",2]])"}, {R"([["w","y",2],["r","x",1]])"}})) ==
        "G1c");
  CHECK(name(at_once({{R"([["w","x",1],["w","y",1]])"}, {R"([["r","x",1],["r","y",null]])"}})) ==
        "G-single");
  const Verdict lost =
      at_once({{R"([["r","x",null],["w","x",1]])"}, {R"([["r","x",null],["w","x",2]])"}});
  CHECK(name(lost) == "lost update");
  CHECK(standing(lost, "cursor-stability") == Validity::invalid);
  CHECK(standing(lost, "prefix") == Validity::valid);
  CHECK(name(at_once({{x1},
                      {R"([["w","y",1]])"},
                      {R"([["r","x",1],["r","y",null]])"},
                      {R"([["r","x",null],["r","y",1]])"}})) == "G-nonadjacent");
  CHECK(name(at_once({{R"([["w","x",1],["r","y",null]])"}, {R"([["w","y",1],["r","x",null]])"}})) ==
        "G2-item");
  CHECK(name(in_turn({{x1}, {R"([["r","x",null]])"}})) == "G-single-realtime");
  CHECK(name(in_turn({{x1, "ok", 0}, {R"([["r","x",null]])", "ok", 0}})) == "G-single-process");
  // Whichever of two writes came last, one of two readers is wrong: no single cycle shows it.
  const Verdict either = at_once({{R"([["w","x",1],["w","y",1]])"},
                                  {R"([["w","x",2],["w","y",2]])"},
                                  {R"([["r","x",1],["r","y",2]])"}});
  CHECK(standing(either, "read-committed") == Validity::valid);
  CHECK(standing(either, "snapshot-isolation") == Validity::invalid);
}

TEST_CASE("transactions on registers: databases keep what their level promises, at length") {
  struct Promise {
    Isolation isolation;
    std::string_view model;
    std::string_view broken;  ///< the next that they break
  };
  const std::vector<Promise> promises = {
      {Isolation::strict_serializable, "strict-serializable", ""},
      {Isolation::serializable, "serializable", "strong-session-serializable"},
      {Isolation::snapshot, "snapshot-isolation", "serializable"},
      {Isolation::prefix, "prefix", "snapshot-isolation"},
      {Isolation::causal, "transactional-causal", "snapshot-isolation"},
      {Isolation::read_atomic, "read-atomic", "causal"},
      {Isolation::read_committed, "read-committed", "snapshot-isolation"},
      {Isolation::read_uncommitted, "", "read-committed"}};
  for (const Promise& promise : promises) {
    TransactionOptions options;
    options.registers = true;
    options.isolation = promise.isolation;
    options.transactions = 3000;
    options.crash_share = 0.02;
    const Verdict verdict = judge(history_of_registers(simulated_registers(options)));
    CAPTURE(promise.model);
    CAPTURE(promise.broken);
    if (!promise.model.empty()) CHECK(standing(verdict, promise.model) == Validity::valid);
    if (!promise.broken.empty()) CHECK(standing(verdict, promise.broken) == Validity::invalid);
  }
}

TEST_CASE("transactions on registers: published histories are judged as published") {
  const char* const given = std::getenv("GAUNTLET_CORPUS");
  const std::string corpus =
      given != nullptr ? given : std::string(GAUNTLET_SOURCE_DIR) + "/../shared/histories";
  const std::string folder = corpus + "/transactional/";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: no ", folder, "; name the corpora with GAUNTLET_CORPUS");
    return;
  }
  struct Published {
    std::string path;
    std::string_view model;
    Validity validity;
  };
  const std::string general = "polysi/fig8_9_10/25_400_8_10000_0.5_uniform/hist-00000/";
  const std::vector<Published> all = {
      {"cobra/one-shot-10k/chengRW-10000", "serializable", Validity::valid},
      {"cobra/one-shot-10k/rubis-10000", "serializable", Validity::valid},
      {"cobra/ser-violation/cock-G2", "serializable", Validity::invalid},
      {"cobra/ser-violation/yuga-G2-a", "serializable", Validity::invalid},
      {general + "history.bincode", "serializable", Validity::valid},
      {general + "history.bincode", "snapshot-isolation", Validity::valid},
      {"polysi/violations/dgraph/history.bincode", "snapshot-isolation", Validity::invalid},
  };
  for (const Published& published : all) {
    CAPTURE(published.path);
    const auto read = read_history(folder + published.path);
    REQUIRE(read.has_value());
    const Verdict verdict = judge(read->history, {std::string(published.model)});
    CHECK(verdict.validity == published.validity);
  }
}

TEST_CASE("transactions on registers: what cannot be known is unknown") {
  CHECK(judge(written({{R"([["w","x",1]])", "info"}}, true)).validity == Validity::unknown);
  CHECK(judge(written({{R"([["append","x",1]])"}}, true)).validity == Validity::unknown);
  CHECK(judge(written({{R"([["w","x",1]])"}}, true), {"sound"}).validity == Validity::unknown);
  CheckOptions options;
  options.budget.deadline = Deadline::after(std::chrono::nanoseconds(0));
  const History history = written({{R"([["w","x",1]])"}}, true);
  const auto verdict = CheckerRegistry::instance().find("rw-register")->check(history, options);
  CHECK(verdict.validity == Validity::unknown);
  CHECK(verdict.reason.find("time limit") != std::string::npos);
}

TEST_CASE("transactions on registers: the verifier refuses what does not follow") {
  const History history = written(
      {{R"([["w","x",1],["w","y",1]])"}, {R"([["r","x",1],["r","y",null]])"}, {R"([["w","x",2]])"}},
      true);
  const auto key = [&](std::size_t i) {
    return history.values().as_list(history.values().as_list(history.value(0))[i])[1];
  };
  const ValueId x = key(0);
  const ValueId y = key(1);
  const CheckOptions options;
  const RegisterVerifier verifier(history, options);
  using Kind = RegisterEdgeKind;
  CaseProof proof;
  proof.level = {Sight::serial, Timing::none};
  proof.cases.resize(1);
  proof.cases[0].cycle = {{Kind::wr, 0, 1, x}, {Kind::rw, 1, 0, y}};
  CHECK(verifier.proof(proof).has_value());
  CaseProof wrong = proof;
  wrong.level.sight = Sight::committed;  // which allows it
  CHECK_FALSE(verifier.proof(wrong).has_value());
  wrong = proof;
  wrong.cases[0].cycle = {{Kind::wr, 0, 1, y}, {Kind::rw, 1, 0, y}};
  CHECK_FALSE(verifier.proof(wrong).has_value());
  wrong = proof;
  wrong.cases[0].cycle = {{Kind::ww, 0, 2, x}, {Kind::ww, 2, 0, x}};  // nothing supposes that
  CHECK_FALSE(verifier.proof(wrong).has_value());
  wrong = proof;
  wrong.cases[0].cycle = {{Kind::realtime, 0, 1}, {Kind::rw, 1, 0, y}};
  wrong.level.timing = Timing::real_time;  // they ran at once
  CHECK_FALSE(verifier.proof(wrong).has_value());
  wrong = proof;
  wrong.cases[0].cycle = {{Kind::wr, 0, 1, x}};  // not closed
  CHECK_FALSE(verifier.proof(wrong).has_value());
  wrong = proof;  // half of the cases
  wrong.cases.insert(wrong.cases.begin(), ProofCase{ProofCase::Kind::order, {}, x, 0, 2, {}, {1}});
  CHECK_FALSE(verifier.proof(wrong).has_value());
  wrong.cases[0].parts = {1, 1};
  CHECK(verifier.proof(wrong).has_value());

  const std::vector<RunMoment> run = {{2, false}, {2, true},  {0, false},
                                      {0, true},  {1, false}, {1, true}};
  CHECK_FALSE(verifier.run({Sight::serial, Timing::none}, run).has_value());  // y was written
  CHECK(verifier.run({Sight::committed, Timing::none}, run).has_value());
  CHECK_FALSE(verifier.run({Sight::committed, Timing::none}, {{0, false}, {0, true}}).has_value());
  CHECK_FALSE(verifier.observation({"G1a", x, 1, 0, 0, 0}).has_value());
  CHECK_FALSE(verifier.observation({"internal", y, 1, 1, 1, 0}).has_value());
}
