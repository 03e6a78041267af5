// What each model allows, by examples; and the general search on every model against trying all
// orders.
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "checker/linearizable/algorithm.hpp"
#include "checker/verifier.hpp"
#include "draw.hpp"
#include "histories.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

struct Step {
  std::string f;
  Value value, answer;
  int process = 0;
};

/// Whether the steps, one after the other, are legal.
Validity sequential(const std::string& model, const std::vector<Step>& steps, Value initial = {}) {
  std::vector<TestOperation> operations;
  int now = 0;
  for (const Step& step : steps) {
    operations.push_back({step.process, step.f, step.value, step.answer, now, now + 1});
    now += 2;
  }
  const History history = make_history(operations);
  CheckOptions options;
  options.model = model;
  options.initial = std::move(initial);
  const Verdict verdict = CheckerRegistry::instance().find("linearizable")->check(history, options);
  if (verdict.validity == Validity::invalid) {
    CHECK(verdict.anomalies.size() == 1);
    CHECK(verdict.anomalies[0].verified_by != "");
  }
  return verdict.validity;
}

constexpr Validity valid = Validity::valid, invalid = Validity::invalid;

}  // namespace

TEST_CASE("kv: get, put, append") {
  CHECK(sequential("kv", {{"put", "a", {}}, {"append", "b", {}}, {"get", {}, "ab"}}) == valid);
  CHECK(sequential("kv", {{"append", "a", {}}, {"append", "b", {}}, {"get", {}, "ba"}}) == invalid);
  CHECK(sequential("kv", {{"append", "b", {}}, {"get", {}, "ab"}}, "a") == valid);
  CHECK(sequential("kv", {{"get", {}, {}}, {"put", 3, {}}, {"get", {}, 3}}) == valid);
  CHECK(sequential("kv", {{"put", 3, {}}, {"get", {}, "3"}}) == invalid);
}

TEST_CASE("counter") {
  CHECK(sequential("counter", {{"add", 2, {}}, {"add", -3, {}}, {"read", {}, -1}}) == valid);
  CHECK(sequential("counter", {{"add", 2, {}}, {"read", {}, 3}}) == invalid);
  CHECK(sequential("counter", {{"add", 2, {}}, {"read", {}, 7}}, 5) == valid);
}

TEST_CASE("sets") {
  const Value both = Value::list({2, 1});
  CHECK(sequential("set", {{"add", 1, 1}, {"add", 2, 2}, {"read", {}, both}}) == valid);
  CHECK(sequential("set", {{"add", 1, 1}, {"read", {}, both}}) == invalid);
  CHECK(sequential("grow-only-set", {{"add", 2, 2}, {"add", 1, 1}, {"read", {}, both}}) == valid);
  CHECK(sequential("set", {{"add", 1, 1}, {"remove", 1, 1}, {"contains", 1, false}}) == valid);
  CHECK(sequential("set", {{"add", 1, 1},
                           {"remove", 1, 1},
                           {"contains", Value::list({1, {}}), Value::list({1, true})}}) == invalid);
  CHECK(sequential("set", {{"add", 1, true}, {"add", 1, true}}) == invalid);
  CHECK(sequential("set", {{"add", 1, true}, {"add", 1, false}}) == valid);
  CHECK(sequential("set", {{"remove", 1, 1}}) == invalid);
  CHECK(sequential("set", {{"remove", 1, false}}) == valid);
}

TEST_CASE("queue, stack, priority queue") {
  CHECK(sequential("queue", {{"enqueue", 2, 2}, {"enqueue", 1, 1}, {"dequeue", {}, 2}}) == valid);
  CHECK(sequential("queue", {{"enqueue", 2, 2}, {"enqueue", 1, 1}, {"dequeue", {}, 1}}) == invalid);
  CHECK(sequential("queue", {{"enqueue", 2, 2}, {"dequeue", {}, {}}}) == invalid);
  CHECK(sequential("queue", {{"enqueue", 2, 2}, {"dequeue", {}, 2}, {"dequeue", {}, {}}}) == valid);
  CHECK(sequential("stack", {{"push", 2, 2}, {"push", 1, 1}, {"pop", {}, 1}}) == valid);
  CHECK(sequential("stack", {{"push", 2, 2}, {"push", 1, 1}, {"pop", {}, 2}}) == invalid);
  CHECK(sequential("priority-queue", {{"insert", 20, 20},
                                      {"insert", 3, 3},
                                      {"extract", {}, 3},
                                      {"extract", {}, 20},
                                      {"extract", {}, {}}}) == valid);
  CHECK(sequential("priority-queue", {{"insert", 2, 2}, {"insert", 1, 1}, {"extract", {}, 2}}) ==
        invalid);
}

TEST_CASE("locks") {
  const Step acquire{"acquire", {}, {}}, release{"release", {}, {}};
  CHECK(sequential("mutex", {acquire, release, acquire}) == valid);
  CHECK(sequential("mutex", {acquire, acquire}) == invalid);
  CHECK(sequential("mutex", {release}) == invalid);
  const Step other{"acquire", {}, {}, 1}, other_release{"release", {}, {}, 1};
  CHECK(sequential("reentrant-mutex", {acquire, acquire, release, release, other}) == valid);
  CHECK(sequential("reentrant-mutex", {acquire, acquire, release, other}) == invalid);
  CHECK(sequential("reentrant-mutex", {acquire, other_release}) == invalid);
  const auto fenced = [](int fence, int process = 0) {
    return Step{"acquire", {}, fence, process};
  };
  CHECK(sequential("fenced-mutex", {fenced(1), release, fenced(2, 1)}) == valid);
  CHECK(sequential("fenced-mutex", {fenced(2), release, fenced(2, 1)}) == invalid);
  CHECK(sequential("fenced-mutex", {fenced(1), release, fenced(0, 1), other_release, fenced(2)}) ==
        valid);
  CHECK(sequential("fenced-mutex", {fenced(1), fenced(2)}) == invalid);
  CHECK(sequential("fenced-mutex", {fenced(1), other_release}) == invalid);
  CHECK(sequential("semaphore", {acquire, acquire, release, {"acquire", 1, {}}}, 2) == valid);
  CHECK(sequential("semaphore", {acquire, {"acquire", 2, {}}}, 2) == invalid);
  CHECK(sequential("semaphore", {release}, 2) == invalid);
}

TEST_CASE("ids, lists, several registers") {
  CHECK(sequential("unique-ids", {{"generate", {}, 1}, {"generate", {}, 2}}) == valid);
  CHECK(sequential("unique-ids", {{"generate", {}, 1}, {"generate", {}, 1}}) == invalid);
  const Value one_two = Value::list({1, 2});
  CHECK(sequential("list", {{"append", 1, 1}, {"append", 2, 2}, {"read", {}, one_two}}) == valid);
  CHECK(sequential("list", {{"append", 2, 2}, {"append", 1, 1}, {"read", {}, one_two}}) == invalid);
  const auto txn = [](Value value) { return Step{"txn", {}, std::move(value)}; };
  const auto access = [](const char* f, const char* key, int value) {
    return Value::list({f, key, value});
  };
  const Value initial = Value::map({{"x", 0}, {"y", 0}});
  const Step write = txn(Value::list({access("w", "x", 1), access("read", "y", 0)}));
  CHECK(sequential("multi-register",
                   {write, txn(Value::list({access("r", "x", 1), access("r", "y", 0)}))},
                   initial) == valid);
  CHECK(sequential("multi-register", {write, txn(Value::list({access("r", "x", 0)}))}, initial) ==
        invalid);
}

TEST_CASE("a crashed operation may happen late or never, a failed one does not happen") {
  const auto judge = [](const std::string& model, std::vector<TestOperation> operations) {
    CheckOptions options;
    options.model = model;
    return CheckerRegistry::instance()
        .find("linearizable")
        ->check(make_history(operations), options)
        .validity;
  };
  struct Case {
    std::string model, update, observe;
    Value value, before, after;
  };
  const std::vector<Case> cases{
      {"register", "write", "read", 1, {}, 1},
      {"kv", "put", "get", 1, {}, 1},
      {"counter", "add", "read", 1, 0, 1},
      {"set", "add", "read", 1, Value::list({}), Value::list({1})},
      {"grow-only-set", "add", "read", 1, Value::list({}), Value::list({1})},
      {"queue", "enqueue", "dequeue", 1, {}, 1},
      {"stack", "push", "pop", 1, {}, 1},
      {"priority-queue", "insert", "extract", 1, {}, 1},
      {"list", "append", "read", 1, Value::list({}), Value::list({1})},
  };
  for (const Case& c : cases) {
    CAPTURE(c.model);
    for (const OperationType fate :
         {OperationType::info, OperationType::invoke, OperationType::fail, OperationType::ok}) {
      const TestOperation update{0, c.update, c.value, c.value, 1, 2, fate};
      const TestOperation before{1, c.observe, {}, c.before, 3, 4};
      const TestOperation after{2, c.observe, {}, c.after, 5, 6};
      const bool crashed = fate == OperationType::info || fate == OperationType::invoke;
      const bool failed = fate == OperationType::fail;
      CHECK((judge(c.model, {update, before, after}) == valid) == crashed);
      CHECK((judge(c.model, {update, after}) == valid) == !failed);
      if (fate != OperationType::fail) continue;
      CHECK(judge(c.model, {update, before}) != invalid);
    }
  }
}

namespace {

/// Tries all orders of a small part, after every return.
class AllOrders {
 public:
  explicit AllOrders(const Part& part) : part_(part), states_(states_of(part)) {}

  /// The position in the part's events of the first return without an order, or their number.
  std::size_t first_violation() {
    for (end_ = 1; end_ <= part_.events.size(); ++end_) {
      if (!part_.events[end_ - 1].returns) continue;
      if (!extend(0, states_->initial())) return end_ - 1;
    }
    return part_.events.size();
  }

 private:
  bool extend(std::uint32_t taken, StateId state) {
    std::uint32_t invoked = 0, returned = 0;
    for (std::size_t e = 0; e < end_; ++e)
      (part_.events[e].returns ? returned : invoked) |= 1u << part_.events[e].op;
    if ((returned & ~taken) == 0) return true;
    for (OpId op = 0; op < part_.operations.size(); ++op) {
      if ((invoked & ~taken & 1u << op) == 0) continue;
      bool comes_first = true;
      for (std::size_t e = 0; e < end_; ++e) {
        if (part_.events[e].op == op) break;
        if (part_.events[e].returns && (taken & 1u << part_.events[e].op) == 0) comes_first = false;
      }
      if (!comes_first) continue;
      const StateId after = states_->step(state, part_.operations[op].kind);
      if (after != no_state && extend(taken | 1u << op, after)) return true;
    }
    return false;
  }

  const Part& part_;
  std::unique_ptr<StateSpace> states_;
  std::size_t end_ = 0;
};

}  // namespace

TEST_CASE("every algorithm agrees with trying all orders, on every model") {
  for (const Model* model : ModelRegistry::instance().all()) {
    const std::string name(model->name());
    CAPTURE(name);
    Random random = Random(7).fork(name);
    int violations = 0, orders = 0;
    for (int i = 0; i < 1500; ++i) {
      std::vector<TestOperation> operations = random_operations(
          random, {static_cast<int>(random.between(2, 7)), 3, 3, 0.15, 1, 0, 0.05});
      for (TestOperation& operation : operations) {
        operation.f = model->functions()[random.below(model->functions().size())].name;
        operation.value = draw(random, name, operation.f, false);
        operation.answer = draw(random, name, operation.f, true);
      }
      const History history = make_history(operations);
      CheckOptions options;
      options.initial = name == "semaphore" ? Value(2) : Value();
      const auto parts = split(history, *model, options);
      REQUIRE(parts->misfit == "");
      if (parts->parts.empty()) continue;
      const Part& part = parts->parts[0];
      const std::size_t place = AllOrders(part).first_violation();
      const bool is_valid = place == part.events.size();
      (is_valid ? orders : violations) += 1;
      for (const PartAlgorithm* algorithm : PartAlgorithmRegistry::instance().all()) {
        if (!algorithm->applies(part)) continue;
        CAPTURE(algorithm->name());
        const Judgement judgement = algorithm->judge(part, Budget{});
        // A special case may leave a part to the search that comes after it.
        if (judgement.validity == Validity::unknown && algorithm->rank() < 100) continue;
        REQUIRE(judgement.validity == (is_valid ? valid : invalid));
        if (!is_valid) {
          const OpId fatal = part.events[place].op;
          const bool right = judgement.fatal_is_earliest
                                 ? judgement.fatal == fatal
                                 : part.operations[judgement.fatal].completion >=
                                       part.operations[fatal].completion;
          REQUIRE(right);
        } else if (judgement.has_order) {
          OrderCertificate certificate{part.key, {}};
          for (const OpId op : judgement.order)
            certificate.order.push_back(part.operations[op].invocation);
          const auto accepted = Verifier(history, *model, options).order(certificate);
          REQUIRE_MESSAGE(accepted.has_value(), (accepted ? "" : accepted.error().what));
        }
      }
    }
    CHECK(violations > 100);
    CHECK(orders > 50);
  }
}
