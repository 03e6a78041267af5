// The models without real time against their definitions, stores that keep them, and each other.
#include <doctest/doctest.h>

#include <array>
#include <set>

#include "checker/causal/judge_orders.hpp"
#include "checker/causal/order_verifier.hpp"
#include "tests/checker/order_histories.hpp"
#include "tests/checker/order_oracle.hpp"
#include "tests/result_printing.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;
using causal::judge_orders;
using causal::order_models;
using causal::OrderJudgement;
using causal::OrderModel;
using causal::OrderModels;

namespace {

std::string text_of(const History& history) {
  std::string text;
  for (EventIndex i = 0; i < history.size(); ++i)
    append_json_line(text, history.operation(i));
  return text;
}

/// What must be so of every judgement: no model holds where a weaker one fails, what fails has
/// evidence that was accepted and says so, and what is unknown is no error of ours.
void check_sound(const OrderJudgement& judgement) {
  for (const OrderModel model : order_models) {
    const auto& weak = judgement[model];
    CAPTURE(causal::name_of(model));
    CHECK(weak.reason.find("internal error") == std::string::npos);
    for (const OrderModel strong : order_models) {
      if (!causal::with_stronger(model).has(strong)) continue;
      CAPTURE(causal::name_of(strong));
      if (judgement[strong].validity == Validity::valid) CHECK(weak.validity == Validity::valid);
      if (weak.validity == Validity::invalid)
        CHECK(judgement[strong].validity == Validity::invalid);
    }
    if (weak.validity != Validity::invalid) continue;
    bool is_shown = false;
    for (const Anomaly& anomaly : judgement.anomalies) {
      CHECK(!anomaly.verified_by.empty());
      is_shown = is_shown || std::find(anomaly.rules_out.begin(), anomaly.rules_out.end(),
                                       causal::name_of(model)) != anomaly.rules_out.end();
    }
    CHECK(is_shown);
  }
}

/// The checkers agree with each other: linearizable implies what it must, and "registers" says of
/// each model what judging it alone says, or more where another model decides it.
void check_agreement(const History& history, CheckOptions options,
                     const OrderJudgement& judgement) {
  options.model = "register";
  const auto& checkers = CheckerRegistry::instance();
  const Verdict real_time = checkers.find("linearizable")->check(history, options);
  if (real_time.validity == Validity::valid) {
    for (const OrderModel model : order_models)
      CHECK(judgement[model].validity == Validity::valid);
  }
  options.consistency = {"all"};
  const Verdict all = checkers.find("registers")->check(history, options);
  REQUIRE(all.models.size() == order_models.size() + 1);
  for (std::size_t m = 0; m < order_models.size(); ++m) {
    CAPTURE(all.models[m].name);
    CAPTURE(all.models[m].why);
    CHECK(all.models[m].name == causal::name_of(order_models[m]));
    CHECK(all.models[m].validity == judgement[order_models[m]].validity);
    CHECK(all.models[m].why.empty() == (all.models[m].validity == Validity::valid));
  }
  const Validity last = all.models.back().validity;
  if (real_time.validity == Validity::valid) CHECK(last == Validity::valid);
  if (real_time.validity == Validity::invalid) CHECK(last == Validity::invalid);
  CHECK(all.validity == (last == Validity::valid && judgement.reads_after_writes == 0 &&
                                 real_time.validity != Validity::valid
                             ? Validity::unknown
                             : last));
  if (last == Validity::invalid) CHECK(!all.anomalies.empty());
  for (const Anomaly& anomaly : all.anomalies)
    CHECK(!anomaly.verified_by.empty());
}

OrderJudgement judge(const History& history) {
  CheckOptions options;
  options.anomalies_max = 1'000;
  OrderJudgement judgement = judge_orders(history, options, OrderModels::all());
  check_sound(judgement);
  check_agreement(history, options, judgement);
  return judgement;
}

/// Counts how often each model held and failed, so that tests can say that both were seen.
struct Tally {
  std::array<std::size_t, order_models.size()> holds{}, fails{};
  std::set<std::string> names{};
};

void check_by_oracle(const std::vector<SessionStep>& steps, Tally& tally) {
  const History history = history_of(steps);
  const OrderJudgement judgement = judge(history);
  OrderOracle oracle(history);
  for (const OrderModel model : order_models) {
    const bool holds = oracle.holds(model);
    const auto m = static_cast<std::size_t>(model);
    ++(holds ? tally.holds : tally.fails)[m];
    for (const Anomaly& anomaly : judgement.anomalies)
      tally.names.insert(anomaly.name);
    const auto expected = holds ? Validity::valid : Validity::invalid;
    if (judgement[model].validity == expected) continue;
    CAPTURE(text_of(history));
    CAPTURE(causal::name_of(model));
    CAPTURE(judgement[model].reason);
    CHECK(judgement[model].validity == expected);
  }
}

void check_both_seen(const Tally& tally) {
  for (std::size_t m = 0; m < order_models.size(); ++m) {
    CHECK(tally.holds[m] > 0);
    // Nothing but thin air breaks monotonic writes.
    if (order_models[m] != OrderModel::monotonic_writes) CHECK(tally.fails[m] > 0);
  }
  for (const char* name : {"CyclicCO", "WriteCOInitRead", "WriteCORead", "CyclicCF",
                           "MissedOwnWrite", "NonMonotonicReads"})
    CHECK(tally.names.contains(name));
}

/// All histories of `size` accesses of up to three sessions and `keys` keys, with all answers.
void for_all_steps(std::size_t size, int keys,
                   const std::function<void(const std::vector<SessionStep>&)>& visit) {
  std::vector<SessionStep> steps;
  const std::function<void(std::size_t)> answer = [&](std::size_t i) {
    if (i == steps.size()) {
      visit(steps);
      return;
    }
    if (steps[i].is_write) {
      answer(i + 1);
      return;
    }
    steps[i].value = 0;
    answer(i + 1);
    for (const SessionStep& write : std::vector<SessionStep>(steps)) {
      if (!write.is_write || write.key != steps[i].key) continue;
      steps[i].value = write.value;
      answer(i + 1);
    }
  };
  const std::function<void(int)> choose = [&](int sessions) {
    if (steps.size() == size) {
      answer(0);
      return;
    }
    for (int session = 0; session <= std::min(sessions, 2); ++session) {
      for (int kind = 0; kind < 2 * keys; ++kind) {
        steps.push_back({session, kind % 2 == 0, kind / 2, static_cast<int>(steps.size()) + 1});
        choose(std::max(sessions, session + 1));
        steps.pop_back();
      }
    }
  };
  choose(0);
}

}  // namespace

TEST_CASE("the models without real time agree with the oracle on all small histories") {
  Tally tally;
  for (std::size_t size = 1; size <= 4; ++size)
    for_all_steps(size, 2, [&](const auto& steps) { check_by_oracle(steps, tally); });
  for_all_steps(5, 1, [&](const auto& steps) { check_by_oracle(steps, tally); });
  check_both_seen(tally);
}

TEST_CASE("the models without real time agree with the oracle on random histories") {
  Random random(20);
  Tally tally;
  for (int i = 0; i < 6'000; ++i) {
    SessionShape shape;
    shape.steps = 4 + static_cast<int>(random.below(5));
    shape.sessions = 2 + static_cast<int>(random.below(3));
    shape.keys = 1 + static_cast<int>(random.below(3));
    shape.crash = i % 3 == 0 ? 0.2 : 0.0;
    shape.fail = i % 5 == 0 ? 0.1 : 0.0;
    CAPTURE(i);
    check_by_oracle(random_steps(random, shape), tally);
  }
  check_both_seen(tally);
  CHECK(tally.names.contains("cyclic sequential order"));
}

TEST_CASE("small histories of simulated stores agree with the oracle") {
  Random random(21);
  Tally tally;
  for (int i = 0; i < 4'000; ++i) {
    SessionShape shape;
    shape.steps = 7 + static_cast<int>(random.below(3));
    shape.crash = i % 3 == 0 ? 0.1 : 0.0;
    CAPTURE(i);
    check_by_oracle(SimulatedStore(random, static_cast<Store>(i % 4), shape).run(), tally);
  }
  for (const OrderModel model : {OrderModel::causal_convergence, OrderModel::sequential})
    CHECK(tally.fails[static_cast<std::size_t>(model)] > 0);
}

TEST_CASE("stores keep what they promise") {
  Random random(22);
  const std::array promised = {OrderModel::sequential, OrderModel::causal_memory,
                               OrderModel::causal_convergence, OrderModel::pram};
  std::array<std::size_t, 4> broke_more{};
  std::set<std::string> names;
  for (int i = 0; i < 400; ++i) {
    SessionShape shape;
    shape.steps = 40 + static_cast<int>(random.below(200));
    shape.sessions = 2 + static_cast<int>(random.below(6));
    shape.keys = 1 + static_cast<int>(random.below(5));
    shape.crash = i % 2 == 0 ? 0.02 : 0.0;
    const std::size_t kind = static_cast<std::size_t>(i) % 4;
    const History history =
        history_of(SimulatedStore(random, static_cast<Store>(kind), shape).run());
    CAPTURE(i);
    const OrderJudgement judgement = judge(history);
    CHECK(judgement[promised[kind]].validity == Validity::valid);
    for (const Anomaly& anomaly : judgement.anomalies)
      names.insert(anomaly.name);
    broke_more[kind] += judgement[OrderModel::sequential].validity == Validity::invalid;
  }
  CHECK(broke_more[1] > 50);
  CHECK(broke_more[2] > 50);
  CHECK(broke_more[3] > 50);
  for (const char* name : {"WriteCORead", "CyclicCF", "CyclicHB"}) {
    CAPTURE(name);
    CHECK(names.contains(name));
  }
}

TEST_CASE("what is linearizable is sequential") {
  Random random(23);
  std::size_t linearizable = 0;
  for (int i = 0; i < 600; ++i) {
    RandomShape shape;
    shape.operations = 30;
    shape.values = 0;
    shape.read = 0.6;
    shape.write = 0.4;
    shape.crash = 0.05;
    auto operations = simulated_operations(random, shape, i % 2 == 0 ? 0.0 : 0.03);
    const History history = make_history(operations);
    CheckOptions options;
    options.initial = 0;
    options.model = "register";
    options.anomalies_max = 1'000;
    const auto real_time =
        CheckerRegistry::instance().find("linearizable")->check(history, options);
    const OrderJudgement judgement = judge_orders(history, options, OrderModels::all());
    check_sound(judgement);
    check_agreement(history, options, judgement);
    if (real_time.validity != Validity::valid) continue;
    ++linearizable;
    CHECK(judgement[OrderModel::sequential].validity == Validity::valid);
  }
  CHECK(linearizable > 250);
}

TEST_CASE("the bad patterns have their names") {
  const auto names = [](const std::vector<SessionStep>& steps) {
    const OrderJudgement judgement = judge(history_of(steps));
    std::vector<std::string> result;
    for (const Anomaly& anomaly : judgement.anomalies)
      result.push_back(anomaly.name);
    return result;
  };
  const auto has = [](const std::vector<std::string>& all, const char* name) {
    return std::find(all.begin(), all.end(), name) != all.end();
  };
  constexpr bool write = true, read = false;
  CHECK(has(names({{0, write, 0, 1}, {1, read, 0, 7}}), "ThinAirRead"));
  CHECK(has(names({{0, read, 0, 2}, {0, write, 1, 1}, {1, read, 1, 1}, {1, write, 0, 2}}),
            "CyclicCO"));
  CHECK(has(names({{0, write, 0, 1}, {0, write, 1, 2}, {1, read, 1, 2}, {1, read, 0, 0}}),
            "WriteCOInitRead"));
  CHECK(has(names({{0, write, 0, 1}, {0, write, 0, 2}, {1, read, 0, 2}, {1, read, 0, 1}}),
            "WriteCORead"));
  const std::vector<SessionStep> crossed = {
      {0, write, 0, 1}, {1, write, 0, 2}, {0, read, 0, 2}, {1, read, 0, 1}};
  CHECK(has(names(crossed), "CyclicCF"));
  CHECK(judge(history_of(crossed))[OrderModel::causal_memory].validity == Validity::valid);
  // The session holds its own write of key 0 before it has seen the other's: 2 before 1; but it
  // reads 2 again after it has.
  const std::vector<SessionStep> hidden = {{0, write, 2, 1}, {0, write, 0, 1}, {0, write, 1, 1},
                                           {1, write, 0, 2}, {1, read, 2, 0},  {1, read, 1, 1},
                                           {1, read, 0, 2}};
  CHECK(has(names(hidden), "WriteHBInitRead"));
  CHECK(judge(history_of(hidden))[OrderModel::causal_convergence].validity == Validity::valid);
}

TEST_CASE("each session guarantee is broken by what it forbids, and by nothing else") {
  constexpr bool write = true, read = false;
  const auto failing = [](const std::vector<SessionStep>& steps) {
    const OrderJudgement judgement = judge(history_of(steps));
    std::set<std::string_view> names;
    for (const OrderModel model : order_models) {
      if (model < OrderModel::pram && judgement[model].validity == Validity::invalid)
        names.insert(causal::name_of(model));
    }
    return names;
  };
  using Names = std::set<std::string_view>;
  // The own write is not there; then it is gone again.
  CHECK(failing({{0, write, 0, 1}, {0, read, 0, 0}}) == Names{"read-your-writes"});
  CHECK(failing({{0, write, 0, 1}, {1, read, 0, 1}, {1, read, 0, 0}}) == Names{"monotonic-reads"});
  CHECK(failing({{0, write, 0, 1},
                 {1, write, 0, 2},
                 {2, read, 0, 1},
                 {2, read, 0, 2},
                 {2, read, 0, 1}}) == Names{"monotonic-reads"});
  // Which of the own writes came last in the order of all? Both are found after both.
  CHECK(failing({{0, write, 0, 1}, {0, write, 0, 2}, {0, read, 0, 1}, {0, read, 0, 2}}) ==
        Names{"read-your-writes"});
  // The first alone is no breach: no guarantee but monotonic writes says that 2 is behind 1.
  CHECK(failing({{0, write, 0, 1}, {0, write, 0, 2}, {0, read, 0, 1}}) == Names{});
  // Each saw the other's write before it wrote.
  CHECK(failing({{0, read, 0, 2}, {0, write, 1, 1}, {1, read, 1, 1}, {1, write, 0, 2}}) ==
        Names{"writes-follow-reads"});
  // No order of the two writes: each session has its own first, and shows the other's.
  CHECK(failing({{0, write, 0, 1}, {1, write, 0, 2}, {0, read, 0, 2}, {1, read, 0, 1}}) ==
        Names{"read-your-writes"});
  CHECK(failing({{0, read, 0, 7}, {1, write, 1, 1}}).size() == 4);
}

TEST_CASE("a long history in which a session reads back its own writes stays near-linear") {
  std::vector<SessionStep> steps;
  constexpr int pairs = 20'000;
  for (int i = 1; i <= pairs; ++i)
    steps.push_back({0, true, 0, i});
  for (int i = 1; i <= pairs; ++i)
    steps.push_back({1, false, 0, i});
  for (int i = 0; i < pairs; ++i)
    steps.push_back({0, false, 0, pairs});
  const History history = history_of(steps);
  const OrderJudgement judgement = judge_orders(
      history, {}, OrderModels(OrderModel::read_your_writes) | OrderModel::monotonic_reads);
  CHECK(judgement[OrderModel::read_your_writes].validity == Validity::valid);
  CHECK(judgement[OrderModel::monotonic_reads].validity == Validity::valid);
}

TEST_CASE("linearizability decides the others where values are repeated") {
  const auto fine = history_of({{0, true, 0, 1}, {1, true, 0, 1}, {1, false, 0, 1}});
  CheckOptions options;
  options.consistency = {"sequential", "causal"};
  const Checker* registers = CheckerRegistry::instance().find("registers");
  const Verdict verdict = registers->check(fine, options);
  CHECK(verdict.validity == Validity::valid);
  CHECK(verdict.strongest_holding == std::vector<std::string>{"linearizable"});
  const auto stale =
      history_of({{0, true, 0, 1}, {1, true, 0, 1}, {1, true, 0, 2}, {0, false, 0, 1}});
  const Verdict open = registers->check(stale, options);
  CHECK(open.validity == Validity::unknown);
  CHECK(open.reason.find("operations 0 and 2") != std::string::npos);
}

TEST_CASE("the verifier replays orders for causal convergence and refuses wrong ones") {
  // Process 2 sees 1 and 2 of key 0, which nobody orders but it.
  const History history = history_of({{0, true, 0, 1},
                                      {1, true, 0, 2},
                                      {2, false, 0, 1},
                                      {2, false, 0, 2},
                                      {1, true, 1, 3},
                                      {0, false, 1, 3}});
  const CheckOptions options;
  const causal::OrderVerifier verifier(history, options);
  constexpr std::size_t work_max = 1'000;
  const auto accepts = [&](const std::vector<EventIndex>& order) {
    return verifier.converging_order(order, work_max).has_value();
  };
  CHECK(accepts({0, 2, 4, 6, 8, 10}));
  CHECK(accepts({0, 4, 2, 6, 8, 10}));
  CHECK(!accepts({2, 0, 4, 6, 8, 10}));  // then 1 is the last of both reads
  CHECK(!accepts({0, 2, 6, 4, 8, 10}));  // not the session's order
  CHECK(!accepts({4, 0, 2, 6, 8, 10}));  // a read before its write
  CHECK(!accepts({0, 2, 4, 6, 8}));      // lacks one
  CHECK(!accepts({0, 2, 4, 6, 8, 8}));   // holds one twice
  CHECK(!accepts({0, 2, 4, 6, 8, 11}));  // no invocation
  CHECK(verifier.converging_order(std::vector<EventIndex>{0, 2, 4, 6, 8, 10}, 3).error().kind ==
        ErrorKind::resource);
  // Both were in the past of who found the first.
  const History crossed =
      history_of({{0, true, 0, 1}, {0, true, 0, 2}, {1, false, 0, 2}, {1, false, 0, 1}});
  CHECK(!causal::OrderVerifier(crossed, options)
             .converging_order(std::vector<EventIndex>{0, 2, 4, 6}, work_max)
             .has_value());
  const History fresh = history_of({{0, true, 0, 1}, {0, false, 0, 0}});
  CHECK(!causal::OrderVerifier(fresh, options)
             .converging_order(std::vector<EventIndex>{0, 2}, work_max)
             .has_value());
}

TEST_CASE("the verifier tries a long history without going deep") {
  std::vector<SessionStep> steps;
  for (int i = 1; i <= 60'000; ++i)
    steps.push_back({0, true, 0, i});
  steps.push_back({1, false, 0, 0});
  const History history = history_of(steps);
  const CheckOptions options;
  const causal::OrderVerifier verifier(history, options);
  CHECK(!verifier.no_sequential_order(std::array{history.key(0)}, 200'000).has_value());
}

TEST_CASE("what cannot be told apart is refused with the reason") {
  const auto reason = [](const History& history, CheckOptions options = {}) {
    const OrderJudgement judgement = judge_orders(history, options, OrderModels::all());
    for (const OrderModel model : order_models)
      CHECK(judgement[model].validity == Validity::unknown);
    return judgement[OrderModel::causal].reason;
  };
  const auto repeated = history_of({{0, true, 0, 1}, {1, true, 0, 1}});
  CHECK(reason(repeated).find("operations 0 and 2") != std::string::npos);
  CheckOptions options;
  options.initial = 1;
  const auto initial = history_of({{0, true, 0, 1}});
  CHECK(reason(initial, options).find("at the start") != std::string::npos);
  const auto cas = make_history({{0, "cas", Value::list({1, 2}), Value::list({1, 2}), 0, 1}});
  CHECK(reason(cas).find("only reads and writes") != std::string::npos);
  // To another key, or after one that certainly did not happen, a value may be written again.
  const auto fine = history_of(
      {{0, true, 0, 1}, {1, true, 1, 1}, {0, true, 1, 2, OperationType::fail}, {1, true, 1, 2}});
  CHECK(judge(fine)[OrderModel::sequential].validity == Validity::valid);
}

TEST_CASE("the verifier of orders refuses what does not follow") {
  using causal::Derivation;
  using causal::EdgeRule;
  const History history =
      history_of({{0, true, 0, 1}, {0, true, 0, 2}, {1, false, 0, 2}, {1, false, 0, 1}});
  const CheckOptions options;
  const causal::OrderVerifier verifier(history, options);
  const Derivation right = {{{EdgeRule::session, 0, 2},
                             {EdgeRule::reads_from, 2, 4},
                             {EdgeRule::session, 4, 6},
                             {EdgeRule::conflict, 2, 0, 6, {1, 2}}},
                            {0, 3}};
  REQUIRE(verifier.refutes(right).has_value());
  CHECK(verifier.refutes(right)->has(OrderModel::causal));
  CHECK(verifier.refutes(right)->has(OrderModel::pram));
  const auto changed = [&](auto change) {
    Derivation wrong = right;
    change(wrong);
    return verifier.refutes(wrong).has_value();
  };
  CHECK(!changed([](auto& d) { d.cycle = {0}; }));
  CHECK(!changed([](auto& d) { d.cycle = {}; }));
  CHECK(!changed([](auto& d) { d.edges[0].to = 4; }));
  CHECK(!changed([](auto& d) { d.edges[1].from = 0; }));
  CHECK(!changed([](auto& d) { d.edges[3].path = {1}; }));
  CHECK(!changed([](auto& d) { d.edges[3].path = {1, 2, 3}; }));
  CHECK(!changed([](auto& d) { d.edges[3].reader = 4; }));
  CHECK(!changed([](auto& d) { d.edges[3].rule = EdgeRule::initial; }));
  CHECK(!changed([](auto& d) { d.edges[3].rule = EdgeRule::overwritten; }));
  CHECK(!verifier.thin_air(6).has_value());
  const EventIndex orders[][4] = {{0, 2, 4, 6}, {2, 4, 0, 6}, {0, 2, 4, 4}};
  for (const auto& order : orders)
    CHECK(!verifier.sequential_order(order).has_value());
  CHECK(verifier.no_sequential_order(std::array{history.key(0)}, 1'000).has_value());
}
