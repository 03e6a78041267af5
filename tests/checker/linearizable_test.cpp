// The checker as its users see it: verdicts, names, evidence, budgets.
#include <doctest/doctest.h>

#include <atomic>

#include "checker/checker.hpp"
#include "histories.hpp"
#include "oracle.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

Verdict check(const std::vector<TestOperation>& operations, CheckOptions options = {}) {
  const History history = make_history(operations);
  return CheckerRegistry::instance().find("linearizable")->check(history, options);
}

TestOperation write(int process, int value, int invoked, int completed,
                    OperationType type = OperationType::ok) {
  return {process, "write", value, value, invoked, completed, type};
}
TestOperation read(int process, Value value, int invoked, int completed) {
  return {process, "read", {}, std::move(value), invoked, completed};
}
TestOperation cas(int process, int from, int to, int invoked, int completed,
                  OperationType type = OperationType::ok) {
  return {process,   "cas", Value::list({from, to}), Value::list({from, to}), invoked,
          completed, type};
}

bool mentions(const Anomaly& anomaly, const std::string& text) {
  for (const std::string& sentence : anomaly.explanation) {
    if (sentence.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a history without successful observations is unknown") {
  CHECK(check({}).validity == Validity::unknown);
  CHECK(check({write(0, 1, 1, 2)}).validity == Validity::unknown);
  CHECK(check({read(0, {}, 1, 2), write(0, 1, 3, 4)}).validity == Validity::unknown);
  const Verdict verdict = check({write(0, 1, 1, 2, OperationType::info), read(1, 1, 3, 4)});
  CHECK(verdict.validity == Validity::valid);
  CHECK(verdict.crashed == 1);
  CHECK(verdict.operations == 2);
}

TEST_CASE("a stale read is named, told and verified") {
  const Verdict verdict = check({write(0, 2, 1, 2), write(1, 5, 3, 5), write(2, 7, 4, 20),
                                 read(3, 2, 6, 8), read(4, 5, 9, 10)});
  REQUIRE(verdict.validity == Validity::invalid);
  REQUIRE(verdict.anomalies.size() == 1);
  const Anomaly& anomaly = verdict.anomalies[0];
  CHECK(anomaly.name == "stale read");
  CHECK(anomaly.detected_at == 6);
  CHECK(anomaly.rules_out == std::vector<std::string>{"linearizable"});
  CHECK(anomaly.operations == std::vector<EventIndex>{0, 2, 5});
  CHECK(mentions(anomaly, "process 3 on n4 read 2 between 0.006 s and 0.008 s"));
  CHECK(mentions(anomaly, "process 1 on n2 wrote 5 between 0.003 s and 0.005 s"));
  CHECK(mentions(anomaly, "stale by at least 1 ms and 1 version"));
  CHECK(anomaly.verified_by != "");
}

TEST_CASE("a read that contradicts an earlier read is stale, too") {
  const Verdict verdict =
      check({write(0, 1, 1, 2), write(1, 2, 3, 20), read(2, 2, 4, 5), read(3, 1, 6, 7)});
  REQUIRE(verdict.anomalies.size() == 1);
  CHECK(verdict.anomalies[0].name == "stale read");
  CHECK(verdict.anomalies[0].verified_by != "");
}

TEST_CASE("a stale read of the initial value is one whatever the compare-and-sets between did") {
  // 1 to 2 and 2 to 1: each of the two needs what the other sets, and nobody needs either.
  const Verdict verdict =
      check({write(0, 1, 1, 2), cas(1, 1, 2, 3, 4), cas(2, 2, 1, 5, 6), read(3, {}, 7, 8)});
  REQUIRE(verdict.anomalies.size() == 1);
  CHECK(verdict.anomalies[0].name == "stale read");
  CHECK(verdict.anomalies[0].verified_by != "");
}

TEST_CASE("a value that nobody wrote is a phantom") {
  const Verdict verdict = check({write(0, 1, 1, 2), read(1, 9, 3, 4), write(2, 9, 5, 6)});
  REQUIRE(verdict.anomalies.size() == 1);
  CHECK(verdict.anomalies[0].name == "phantom value");
  CHECK(verdict.anomalies[0].detected_at == 3);
  CHECK(verdict.anomalies[0].verified_by != "");
}

TEST_CASE("two compare-and-sets that both replaced one value are a lost update") {
  const Verdict verdict =
      check({write(0, 1, 1, 2), cas(1, 1, 2, 3, 6), cas(2, 1, 3, 4, 7), read(3, 3, 8, 9)});
  REQUIRE(verdict.anomalies.size() == 1);
  CHECK(verdict.anomalies[0].name == "lost update");
  CHECK(verdict.anomalies[0].operations.size() <= 3);
  CHECK(verdict.anomalies[0].verified_by != "");
}

TEST_CASE("keys are judged one by one") {
  auto a = write(0, 1, 1, 2), b = read(1, 1, 3, 4), c = write(2, 2, 5, 6), d = read(3, 1, 7, 8);
  a.key = b.key = "good";
  c.key = d.key = "bad";
  const Verdict verdict = check({a, b, c, d});
  CHECK(verdict.validity == Validity::invalid);
  CHECK(verdict.parts_total == 2);
  REQUIRE(verdict.parts.size() == 2);
  CHECK(verdict.parts[0].key == "\"bad\"");
  CHECK(verdict.parts[0].validity == Validity::invalid);
  CHECK(verdict.parts[1].validity == Validity::valid);
  REQUIRE(verdict.anomalies.size() == 1);
  CHECK(verdict.anomalies[0].key == "\"bad\"");
}

TEST_CASE("nil reads and failed compare-and-sets mean what the options say") {
  const std::vector<TestOperation> nil{write(0, 1, 1, 2), read(1, {}, 3, 4), read(1, 1, 5, 6)};
  CHECK(check(nil).validity == Validity::invalid);
  CheckOptions any;
  any.nil_read = NilRead::any;
  CHECK(check(nil, any).validity == Validity::valid);

  const std::vector<TestOperation> failed{
      write(0, 1, 1, 2), cas(1, 1, 2, 3, 4, OperationType::fail), read(1, 1, 5, 6)};
  CHECK(check(failed).validity == Validity::valid);
  CheckOptions strict;
  strict.failed_cas = FailedCas::check;
  CHECK(check(failed, strict).validity == Validity::invalid);
}

TEST_CASE("the initial value may be of any kind") {
  CheckOptions options;
  options.initial = "start";
  CHECK(check({read(0, "start", 1, 2), write(0, 1, 3, 4), read(0, 1, 5, 6)}, options).validity ==
        Validity::valid);
  CHECK(check({write(0, 1, 3, 4), read(0, "start", 5, 6)}, options).validity == Validity::invalid);
}

TEST_CASE("what does not fit the model is unknown with the reason") {
  const Verdict odd = check({{0, "enqueue", 1, 1, 1, 2}});
  CHECK(odd.validity == Validity::unknown);
  CHECK(odd.reason.find("enqueue") != std::string::npos);
  const Verdict shape = check({{0, "cas", 1, 1, 1, 2}});
  CHECK(shape.validity == Validity::unknown);
  CheckOptions options;
  options.model = "no-such";
  CHECK(check({write(0, 1, 1, 2)}, options).validity == Validity::unknown);
}

TEST_CASE("a search without budget answers unknown, not valid") {
  std::vector<TestOperation> operations;
  for (int i = 0; i < 40; ++i)
    operations.push_back(cas(i, i % 7, (i * 3) % 7, i, 1000 + i));
  CheckOptions options;
  options.initial = 0;
  const std::atomic<bool> stop{true};
  options.budget.stop = &stop;
  const Verdict verdict = check(operations, options);
  CHECK(verdict.validity == Validity::unknown);
  CHECK(verdict.reason.find("interrupted") != std::string::npos);
}
