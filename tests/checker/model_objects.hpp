// Real objects for tests, one for each model: what a perfect server would hold, written without the
// models; and what its clients may call and be told.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "histories.hpp"

namespace gauntlet::testing {

/// Draws values: 0 to count - 1, or a new one each time where `count` is 0.
struct TestValues {
  int count = 3;
  int next = 1;

  int draw(Random& random) {
    return count == 0 ? next++ : static_cast<int>(random.below(static_cast<std::uint64_t>(count)));
  }
  /// One that may have been drawn before.
  int seen(Random& random) const {
    return static_cast<int>(random.below(static_cast<std::uint64_t>(count == 0 ? next : count)));
  }
};

/// One history uses one object.
class TestObject {
 public:
  virtual ~TestObject() = default;
  /// What a client calls `f` with.
  virtual Value input(Random& random, const std::string& f, int client) = 0;
  /// Takes effect; answers nothing, and changes nothing, where that is not possible now. May change
  /// the call's value, as a client does that looks just before it calls.
  virtual std::optional<Value> apply(Random& random, TestOperation& call) = 0;
  /// Some answer that a completion of `f` may bear, right or wrong.
  virtual Value answer(Random& random, const TestOperation& call) = 0;

  TestValues values;
};

class RegisterObject : public TestObject {
 public:
  Value input(Random& random, const std::string& f, int) override {
    if (f == "write") return values.draw(random);
    if (f == "cas") return Value::list({values.seen(random), values.draw(random)});
    return {};
  }
  std::optional<Value> apply(Random& random, TestOperation& call) override {
    if (call.f == "read") return state_;
    if (call.f == "write") return state_ = call.value;
    if (random.chance(0.7)) call.value.items()[0] = state_;
    if (call.value.items()[0] != state_) return std::nullopt;
    state_ = call.value.items()[1];
    return call.value;
  }
  Value answer(Random& random, const TestOperation& call) override {
    return call.f == "read" ? Value(values.seen(random)) : call.value;
  }

 private:
  Value state_ = 0;
};

class KeyValueObject : public TestObject {
 public:
  Value input(Random& random, const std::string& f, int) override {
    if (f == "get") return {};
    return f == "append" ? text(random) : text(random) + text(random);
  }
  std::optional<Value> apply(Random&, TestOperation& call) override {
    if (call.f == "put") state_ = call.value.string();
    if (call.f == "append") state_ += call.value.string();
    return call.f == "get" ? Value(state_) : call.value;
  }
  Value answer(Random& random, const TestOperation& call) override {
    if (call.f != "get") return call.value;
    return random.chance(0.3)   ? Value()
           : random.chance(0.5) ? Value(text(random))
                                : Value(text(random) + text(random));
  }

 private:
  /// A letter, or none; with unique values a number.
  std::string text(Random& random) {
    const int value = values.draw(random);
    if (values.count == 0) return std::to_string(value) + ";";
    return value == 0 ? "" : std::string(1, static_cast<char>('a' + value % 26));
  }
  std::string state_;
};

class MultiRegisterObject : public TestObject {
 public:
  Value input(Random& random, const std::string&, int) override {
    Value::List accesses;
    for (std::uint64_t i = random.below(3) + 1; i > 0; --i) {
      const bool reads = random.chance(0.5);
      accesses.push_back(Value::list({reads ? "r" : "w", random.chance(0.5) ? "x" : "y",
                                      reads ? Value() : Value(values.draw(random))}));
    }
    return accesses;
  }
  std::optional<Value> apply(Random&, TestOperation& call) override {
    Value result = call.value;
    for (Value& access : result.items()) {
      Value& state = state_[access.items()[1].string()];
      (access.items()[0] == Value("r") ? access.items()[2] : state) =
          access.items()[0] == Value("r") ? state : access.items()[2];
    }
    return result;
  }
  Value answer(Random& random, const TestOperation& call) override {
    Value result = call.value;
    for (Value& access : result.items()) {
      const bool reads = access.items()[0] == Value("r");
      if (reads && random.chance(0.7)) access.items()[2] = values.seen(random);
    }
    return result;
  }

 private:
  std::map<std::string, Value> state_;
};

class CounterObject : public TestObject {
 public:
  Value input(Random& random, const std::string& f, int) override {
    if (f == "read") return {};
    return values.draw(random) - (values.count > 0 && random.chance(0.3) ? values.count : 0);
  }
  std::optional<Value> apply(Random&, TestOperation& call) override {
    if (call.f == "read") return sum_;
    sum_ += call.value.integer();
    return call.value;
  }
  Value answer(Random& random, const TestOperation& call) override {
    return call.f == "read" ? Value(values.seen(random)) : call.value;
  }

 private:
  std::int64_t sum_ = 0;
};

/// For set and grow-only-set.
class SetObject : public TestObject {
 public:
  Value input(Random& random, const std::string& f, int) override {
    if (f == "read") return {};
    return f == "add" ? values.draw(random) : values.seen(random);
  }
  std::optional<Value> apply(Random& random, TestOperation& call) override {
    if (call.f == "read") return Value(Value::List(members_.begin(), members_.end()));
    const std::int64_t value = call.value.integer();
    if (call.f == "contains") return members_.contains(value);
    const bool changes = call.f == "add" ? members_.insert(value).second : members_.erase(value);
    // What did not succeed must say so; what did may.
    if (call.f == "remove" && !changes) return false;
    return random.chance(0.4) ? Value(changes) : call.value;
  }
  Value answer(Random& random, const TestOperation& call) override {
    if (call.f == "contains") return random.chance(0.5);
    if (call.f != "read") return random.chance(0.4) ? Value(random.chance(0.5)) : call.value;
    Value::List some;
    for (int i = static_cast<int>(random.below(4)); i > 0; --i)
      some.push_back(values.seen(random));
    return some;
  }

 private:
  std::set<std::int64_t> members_;
};

class ListObject : public TestObject {
 public:
  Value input(Random& random, const std::string& f, int) override {
    return f == "append" ? Value(values.draw(random)) : Value();
  }
  std::optional<Value> apply(Random&, TestOperation& call) override {
    if (call.f == "read") return items_;
    items_.items().push_back(call.value);
    return call.value;
  }
  Value answer(Random& random, const TestOperation& call) override {
    if (call.f == "append") return call.value;
    Value::List some;
    for (int i = static_cast<int>(random.below(4)); i > 0; --i)
      some.push_back(values.seen(random));
    return some;
  }

 private:
  Value items_ = Value::List{};
};

/// For queue, stack and priority-queue.
class CollectionObject : public TestObject {
 public:
  enum class Order { fifo, lifo, priority };
  explicit CollectionObject(Order order) : order_(order) {}

  Value input(Random& random, const std::string& f, int) override {
    return takes(f) ? Value() : Value(values.draw(random));
  }
  std::optional<Value> apply(Random&, TestOperation& call) override {
    if (!takes(call.f)) {
      held_.push_back(call.value.integer());
      return call.value;
    }
    if (held_.empty()) return Value();
    auto at = held_.begin();
    if (order_ == Order::lifo) at = held_.end() - 1;
    if (order_ == Order::priority) at = std::min_element(held_.begin(), held_.end());
    const std::int64_t value = *at;
    held_.erase(at);
    return value;
  }
  Value answer(Random& random, const TestOperation& call) override {
    if (!takes(call.f)) return call.value;
    return random.chance(0.25) ? Value() : Value(values.seen(random));
  }

 private:
  static bool takes(const std::string& f) { return f == "dequeue" || f == "pop" || f == "extract"; }
  Order order_;
  std::vector<std::int64_t> held_;
};

/// For mutex, reentrant-mutex and fenced-mutex; clients are named in the value, since a process
/// does not outlive a crash.
class LockObject : public TestObject {
 public:
  enum class Kind { plain, reentrant, fenced };
  explicit LockObject(Kind kind) : kind_(kind) {}

  Value input(Random&, const std::string&, int client) override {
    return kind_ == Kind::plain ? Value() : Value::map({{"client", client}});
  }
  std::optional<Value> apply(Random& random, TestOperation& call) override {
    const std::int64_t client = kind_ == Kind::plain ? 0 : call.value.find("client")->integer();
    const bool is_holder = kind_ == Kind::plain || client == holder_;
    if (call.f == "release") {
      if (depth_ == 0 || !is_holder) return std::nullopt;
      --depth_;
      return call.value;
    }
    if (depth_ > 0 && !(kind_ == Kind::reentrant && is_holder)) return std::nullopt;
    ++depth_;
    holder_ = client;
    if (kind_ != Kind::fenced) return call.value;
    // Now and then the client does not tell which token it got.
    token_ += random.between(1, 2);
    return random.chance(0.8) ? Value(token_) : Value();
  }
  Value answer(Random& random, const TestOperation& call) override {
    const bool has_token = kind_ == Kind::fenced && call.f == "acquire";
    return has_token ? Value(static_cast<int>(random.below(5))) : call.value;
  }

 private:
  Kind kind_;
  int depth_ = 0;
  std::int64_t holder_ = 0;
  std::int64_t token_ = 0;
};

class SemaphoreObject : public TestObject {
 public:
  static constexpr int permits = 2;

  Value input(Random& random, const std::string&, int) override {
    return random.chance(0.5) ? Value() : Value(static_cast<int>(random.between(1, permits)));
  }
  std::optional<Value> apply(Random&, TestOperation& call) override {
    const std::int64_t count = call.value.is_nil() ? 1 : call.value.integer();
    const std::int64_t after = left_ + (call.f == "acquire" ? -count : count);
    if (after < 0 || after > permits) return std::nullopt;
    left_ = after;
    return call.value;
  }
  Value answer(Random&, const TestOperation& call) override { return call.value; }

 private:
  std::int64_t left_ = permits;
};

class UniqueIdsObject : public TestObject {
 public:
  Value input(Random&, const std::string&, int) override { return {}; }
  std::optional<Value> apply(Random&, TestOperation&) override { return ++last_; }
  Value answer(Random& random, const TestOperation&) override {
    return static_cast<int>(random.below(12));
  }

 private:
  std::int64_t last_ = 0;
};

/// The object of a registered model; null for one that is not known here.
inline std::unique_ptr<TestObject> make_test_object(std::string_view model) {
  using Order = CollectionObject::Order;
  using Kind = LockObject::Kind;
  if (model == "register" || model == "cas-register") return std::make_unique<RegisterObject>();
  if (model == "kv") return std::make_unique<KeyValueObject>();
  if (model == "multi-register") return std::make_unique<MultiRegisterObject>();
  if (model == "counter") return std::make_unique<CounterObject>();
  if (model == "set" || model == "grow-only-set") return std::make_unique<SetObject>();
  if (model == "list") return std::make_unique<ListObject>();
  if (model == "queue") return std::make_unique<CollectionObject>(Order::fifo);
  if (model == "stack") return std::make_unique<CollectionObject>(Order::lifo);
  if (model == "priority-queue") return std::make_unique<CollectionObject>(Order::priority);
  if (model == "mutex") return std::make_unique<LockObject>(Kind::plain);
  if (model == "reentrant-mutex") return std::make_unique<LockObject>(Kind::reentrant);
  if (model == "fenced-mutex") return std::make_unique<LockObject>(Kind::fenced);
  if (model == "semaphore") return std::make_unique<SemaphoreObject>();
  if (model == "unique-ids") return std::make_unique<UniqueIdsObject>();
  return nullptr;
}

/// The options that the objects stand for.
inline CheckOptions options_for(std::string_view model) {
  CheckOptions options;
  options.model = model;
  if (model == "register" || model == "cas-register") options.initial = 0;
  if (model == "semaphore") options.initial = SemaphoreObject::permits;
  return options;
}

}  // namespace gauntlet::testing
