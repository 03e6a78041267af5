// Every algorithm on every model against the oracle, on all histories up to a small size: all ways
// to overlap, all choices of a few calls that can get in each other's way, completed or crashed.
#include <doctest/doctest.h>

#include "agreement.hpp"
#include "histories.hpp"
#include "model_objects.hpp"

using namespace gauntlet;
using namespace gauntlet::testing;

namespace {

constexpr OperationType crashed = OperationType::info;

TestOperation call(std::string f, Value value, Value answer,
                   OperationType type = OperationType::ok) {
  return {0, std::move(f), std::move(value), std::move(answer), 0, 0, type};
}

std::vector<TestOperation> collection_calls(const std::string& add, const std::string& take) {
  return {call(add, 1, 1),          call(take, {}, 1),       call(add, 2, 2),
          call(take, {}, 2),        call(take, {}, {}),      call(take, {}, {}, crashed),
          call(add, 1, 1, crashed), call(add, 2, 2, crashed)};
}

std::vector<TestOperation> lock_calls(const std::vector<Value>& clients) {
  std::vector<TestOperation> calls;
  for (const OperationType type : {OperationType::ok, crashed}) {
    for (const char* f : {"acquire", "release"}) {
      for (const Value& client : clients)
        calls.push_back(call(f, client, client, type));
    }
  }
  return calls;
}

Value txn(std::initializer_list<Value> accesses) {
  return Value::list(accesses);
}

/// The calls of each model; the first few of a list matter most.
std::vector<TestOperation> calls_of(const std::string& model) {
  const Value none;
  const Value one = Value::list({1}), two_one = Value::list({2, 1});
  const Value first = Value::map({{"client", 1}}), second = Value::map({{"client", 2}});
  if (model == "register" || model == "cas-register") {
    std::vector<TestOperation> calls = {call("read", none, 0), call("read", none, 1),
                                        call("write", 1, 1), call("write", 0, 0),
                                        call("write", 1, 1, crashed)};
    if (model == "register") {
      calls.push_back(call("write", 2, 2));
      calls.push_back(call("read", none, 2));
      return calls;
    }
    const Value up = Value::list({0, 1}), down = Value::list({1, 0}), on = Value::list({1, 2});
    calls.erase(calls.begin() + 3);
    for (const Value& values : {up, down, on})
      calls.push_back(call("cas", values, values));
    calls.push_back(call("cas", up, up, crashed));
    calls.push_back(call("cas", on, on, crashed));
    calls.push_back(call("cas", up, up, OperationType::fail));
    std::swap(calls[3], calls[4]);
    return calls;
  }
  if (model == "kv") {
    return {call("get", none, none), call("get", none, "a"),      call("append", "a", "a"),
            call("put", "b", "b"),   call("get", none, "ba"),     call("append", "a", "a", crashed),
            call("put", "a", "a"),   call("put", "", "", crashed)};
  }
  if (model == "multi-register") {
    const Value write_x = txn({Value::list({"w", "x", 1})});
    const Value move = txn({Value::list({"r", "x", 1}), Value::list({"w", "y", 1})});
    const Value read_y = txn({Value::list({"r", "y", 1})});
    const Value read_both = txn({Value::list({"r", "x", none}), Value::list({"r", "y", none})});
    const Value read_x_only = txn({Value::list({"r", "x", 1}), Value::list({"r", "y", none})});
    return {call("txn", write_x, write_x),     call("txn", move, move),
            call("txn", read_both, read_both), call("txn", read_x_only, read_x_only),
            call("txn", move, move, crashed),  call("txn", write_x, write_x, crashed),
            call("txn", read_y, read_y)};
  }
  if (model == "counter") {
    return {call("add", 1, 1),      call("read", none, 0),      call("read", none, 1),
            call("add", -1, -1),    call("add", 1, 1, crashed), call("add", 2, 2),
            call("read", none, -1), call("read", none, 2),      call("add", -1, -1, crashed)};
  }
  if (model == "set" || model == "grow-only-set") {
    std::vector<TestOperation> calls = {call("add", 1, 1), call("contains", 1, true),
                                        call("contains", 1, false)};
    if (model == "set") {
      calls.push_back(call("remove", 1, 1));
      calls.push_back(call("remove", 1, 1, crashed));
      calls.push_back(call("remove", 1, false));
    }
    calls.push_back(call("read", none, two_one));
    calls.push_back(call("add", 2, 2, crashed));
    calls.push_back(call("add", 1, true));
    calls.push_back(call("read", none, one));
    calls.push_back(call("add", 1, 1, crashed));
    return calls;
  }
  if (model == "list") {
    return {call("append", 1, 1),          call("append", 2, 2),
            call("read", none, one),       call("read", none, two_one),
            call("append", 1, 1, crashed), call("read", none, Value::List{}),
            call("append", 2, 2, crashed)};
  }
  if (model == "queue") return collection_calls("enqueue", "dequeue");
  if (model == "stack") return collection_calls("push", "pop");
  if (model == "priority-queue") return collection_calls("insert", "extract");
  if (model == "mutex") return lock_calls({none});
  if (model == "reentrant-mutex") return lock_calls({first, second});
  if (model == "fenced-mutex") {
    return {call("acquire", first, 1),
            call("release", first, first),
            call("acquire", second, 2),
            call("release", second, second),
            call("acquire", first, first, crashed),
            call("acquire", second, 1),
            call("release", first, first, crashed),
            call("acquire", first, none)};
  }
  if (model == "semaphore") return lock_calls({none, 2});
  if (model == "unique-ids") {
    return {call("generate", none, 1), call("generate", none, 2),
            call("generate", none, none, crashed)};
  }
  return {};
}

struct Tally {
  std::size_t total = 0, invalid = 0;
};

/// All histories of `count` operations out of `calls`.
void exhaust(const Model& model, int count, const std::vector<TestOperation>& calls,
             const CheckOptions& options, Tally& tally) {
  bool stop = false;
  for_all_overlaps(count, [&](const std::vector<int>& invoked, const std::vector<int>& completed) {
    std::vector<std::size_t> chosen(invoked.size(), 0);
    for (bool more = !stop; more;) {
      std::vector<TestOperation> operations;
      for (std::size_t i = 0; i < chosen.size(); ++i) {
        operations.push_back(calls[chosen[i]]);
        operations.back().process = static_cast<int>(i);
        operations.back().invoked = invoked[i];
        operations.back().completed = completed[i];
      }
      const History history = make_history(operations);
      const Agreement agreement = agreement_on(history, model, options);
      ++tally.total;
      tally.invalid += !agreement.valid;
      if (!agreement.problem.empty()) {
        CAPTURE(as_json_lines(history));
        FAIL_CHECK(agreement.problem);
        stop = true;
        return;
      }
      more = false;
      for (std::size_t& choice : chosen) {
        choice = (choice + 1) % calls.size();
        if (choice != 0) {
          more = true;
          break;
        }
      }
    }
  });
}

}  // namespace

TEST_CASE("algorithms agree with the oracle on all small histories of every model") {
  const std::size_t most = fuzz_cases(1) > 1 ? 8 : 5;  // calls, where four operations are chosen
  for (const Model* model : ModelRegistry::instance().all()) {
    const std::string name(model->name());
    CAPTURE(name);
    std::vector<TestOperation> calls = calls_of(name);
    REQUIRE(!calls.empty());  // a new model needs its calls above
    CheckOptions options = options_for(name);
    Tally tally;
    exhaust(*model, 2, calls, options, tally);
    exhaust(*model, 3, calls, options, tally);
    if (name == "cas-register") {
      options.failed_cas = FailedCas::check;
      exhaust(*model, 3, calls, options, tally);
      options.failed_cas = FailedCas::drop;
    }
    calls.resize(std::min(calls.size(), most), calls[0]);
    exhaust(*model, 4, calls, options, tally);
    CHECK(tally.invalid > tally.total / 10);
    CHECK(tally.invalid < tally.total);
  }
}
