#include "bench/histories/simulated_object.hpp"

#include <algorithm>
#include <deque>
#include <queue>
#include <set>
#include <unordered_map>

namespace gauntlet {

namespace {

Answer ok(Value value = {}) {
  return {OperationType::ok, std::move(value)};
}
Answer failed(Value value = {}) {
  return {OperationType::fail, std::move(value)};
}

/// Draws values; a fresh one was never drawn before and will not be again.
class ValueSource {
 public:
  explicit ValueSource(std::int64_t count)
      : count_(count), next_(std::max<std::int64_t>(count, 1)) {}

  std::int64_t draw(Random& random) {
    return count_ == 0 ? fresh() : random.between(0, count_ - 1);
  }
  std::int64_t fresh() { return next_++; }
  bool is_unique() const { return count_ == 0; }

 private:
  std::int64_t count_;
  std::int64_t next_;
};

/// A register, with compare-and-set or without.
class Register : public SimulatedObject {
 public:
  Register(const ValueChoice& choice, const FunctionShares& shares, bool has_cas)
      : values_(choice.count), shares_(shares), has_cas_(has_cas) {}

  Call next_call(Random& random, std::size_t) override {
    switch (draw_function(random)) {
      case 0:
        return {"read"};
      case 1:
        return {"write", values_.draw(random)};
      default:
        return {"cas", Value::list({expected(random), values_.draw(random)})};
    }
  }

  std::optional<Answer> apply(const Call& call, std::size_t) override {
    if (call.f == "read") return ok(state_);
    if (call.f == "write") {
      state_ = call.value.integer();
      return ok(call.value);
    }
    if (call.value.items()[0].integer() != state_) return failed(call.value);
    state_ = call.value.items()[1].integer();
    return ok(call.value);
  }

  std::vector<Step> opening() override { return {{{"write", state_}, ok(state_)}}; }

  std::vector<Step> stale_steps() override {
    const std::int64_t stale = values_.fresh();
    state_ = values_.fresh();
    return {{{"write", stale}, ok(stale)}, {{"write", state_}, ok(state_)}, {{"read"}, ok(stale)}};
  }

 private:
  std::uint64_t draw_function(Random& random) {
    if (shares_ == FunctionShares{}) return random.below(has_cas_ ? 3 : 2);
    const double total = shares_.read + shares_.write + (has_cas_ ? shares_.cas : 0);
    const double drawn = random.fraction() * total;
    if (drawn < shares_.read) return 0;
    return drawn < shares_.read + shares_.write ? 1 : 2;
  }

  /// With unique values hardly any compare-and-set would succeed if it guessed.
  std::int64_t expected(Random& random) {
    if (!values_.is_unique()) return values_.draw(random);
    return random.chance(0.5) ? state_ : std::max<std::int64_t>(0, state_ - 1);
  }

  ValueSource values_;
  FunctionShares shares_;
  bool has_cas_;
  std::int64_t state_ = 0;
};

/// Keys with a register each: get and put; an absent key holds nil.
class KeyValueStore : public SimulatedObject {
 public:
  explicit KeyValueStore(const ValueChoice& choice)
      : values_(choice.count), keys_(std::max<std::int64_t>(1, choice.keys)) {}

  Call next_call(Random& random, std::size_t) override {
    const std::int64_t key = random.between(0, keys_ - 1);
    if (random.chance(0.5)) return {"get", {}, key};
    return {"put", values_.draw(random), key};
  }

  std::optional<Answer> apply(const Call& call, std::size_t) override {
    Value& state = states_[call.key.integer()];
    if (call.f == "put") state = call.value;
    return ok(call.f == "put" ? call.value : state);
  }

  std::vector<Step> stale_steps() override {
    const Value key = keys_ / 2;
    const Value stale = values_.fresh();
    const Value last = values_.fresh();
    states_[key.integer()] = last;
    return {{{"put", stale, key}, ok(stale)},
            {{"put", last, key}, ok(last)},
            {{"get", {}, key}, ok(stale)}};
  }

 private:
  ValueSource values_;
  std::int64_t keys_;
  std::unordered_map<std::int64_t, Value> states_;
};

/// add and read. The stale read misses an addition that is larger than all others may be together.
class Counter : public SimulatedObject {
 public:
  Call next_call(Random& random, std::size_t) override {
    if (random.chance(0.5)) return {"read"};
    return {"add", random.between(1, 5)};
  }

  std::optional<Answer> apply(const Call& call, std::size_t) override {
    if (call.f == "read") return ok(sum_);
    sum_ += call.value.integer();
    return ok(call.value);
  }

  std::vector<Step> stale_steps() override {
    constexpr std::int64_t large = std::int64_t{1} << 40;
    const std::int64_t before = sum_;
    sum_ += large;
    return {{{"add", large}, ok(large)}, {{"read"}, ok(before)}};
  }

 private:
  std::int64_t sum_ = 0;
};

/// add, remove (which fails where the value is absent) and contains, which answers [value, bool].
class Set : public SimulatedObject {
 public:
  explicit Set(const ValueChoice& choice) : values_(choice.count) {}

  Call next_call(Random& random, std::size_t) override {
    const auto kind = random.below(3);
    if (kind == 0) {
      const std::int64_t value = values_.draw(random);
      remember(value);
      return {"add", value};
    }
    return {kind == 1 ? "remove" : "contains", recent(random)};
  }

  std::optional<Answer> apply(const Call& call, std::size_t) override {
    const std::int64_t value = call.value.integer();
    if (call.f == "add") {
      members_.insert(value);
      return ok(value);
    }
    if (call.f == "remove") return members_.erase(value) > 0 ? ok(value) : failed(value);
    return ok(Value::list({value, members_.contains(value)}));
  }

  std::vector<Step> stale_steps() override {
    const std::int64_t value = values_.fresh();
    return {{{"add", value}, ok(value)},
            {{"remove", value}, ok(value)},
            {{"contains", value}, ok(Value::list({value, true}))}};
  }

 private:
  static constexpr std::size_t recent_max = 64;

  void remember(std::int64_t value) {
    recent_.push_back(value);
    if (recent_.size() > recent_max) recent_.pop_front();
  }
  std::int64_t recent(Random& random) {
    return recent_.empty() ? 0 : recent_[random.below(recent_.size())];
  }

  ValueSource values_;
  std::set<std::int64_t> members_;
  std::deque<std::int64_t> recent_;
};

/// add, and now and then a read of all: one in a hundred, since it is as long as the set.
class GrowOnlySet : public SimulatedObject {
 public:
  explicit GrowOnlySet(const ValueChoice& choice) : values_(choice.count) {}

  Call next_call(Random& random, std::size_t) override {
    if (random.chance(0.01)) return {"read"};
    return {"add", values_.draw(random)};
  }

  std::optional<Answer> apply(const Call& call, std::size_t) override {
    if (call.f == "add") {
      members_.insert(call.value.integer());
      return ok(call.value);
    }
    return ok(all());
  }

  std::vector<Step> stale_steps() override {
    const std::int64_t value = values_.fresh();
    Value before = all();
    members_.insert(value);
    return {{{"add", value}, ok(value)}, {{"read"}, ok(std::move(before))}};
  }

 private:
  Value all() const { return Value::List(members_.begin(), members_.end()); }

  ValueSource values_;
  std::set<std::int64_t> members_;
};

/// A queue, a stack or a priority queue (smallest first): one function adds, one takes, and taking
/// from an empty one answers nil. Adding is as likely as taking, less so while it is long.
template <class Container>
class Collection : public SimulatedObject {
 public:
  Collection(const ValueChoice& choice, std::string_view add, std::string_view take)
      : values_(choice.count), add_(add), take_(take) {}

  Call next_call(Random& random, std::size_t) override {
    constexpr std::size_t long_from = 100;
    if (random.chance(held_.size() < long_from ? 0.5 : 0.25)) return {add_, values_.draw(random)};
    return {take_};
  }

  std::optional<Answer> apply(const Call& call, std::size_t) override {
    if (call.f == take_) return ok(take());
    held_.push(call.value.integer());
    return ok(call.value);
  }

  /// Two values go in; all come out, but of these two the wrong one first.
  std::vector<Step> stale_steps() override {
    const std::pair<std::int64_t, std::int64_t> pair = ordered_pair();
    const std::int64_t first = pair.first, second = pair.second;
    std::vector<Step> steps = {{{add_, first}, ok(first)}, {{add_, second}, ok(second)}};
    held_.push(first);
    held_.push(second);
    std::vector<Value> taken;
    while (!held_.empty())
      taken.push_back(take());
    const auto is_planted = [&](const Value& value) {
      return value == Value(first) || value == Value(second);
    };
    std::iter_swap(std::find_if(taken.begin(), taken.end(), is_planted),
                   std::find_if(taken.rbegin(), taken.rend(), is_planted));
    // What comes behind the second of them is left where it was.
    const auto last = std::find_if(taken.rbegin(), taken.rend(), is_planted).base();
    for (auto each = taken.begin(); each != last; ++each)
      steps.push_back({{take_}, ok(*each)});
    put_back(last, taken.end());
    return steps;
  }

 private:
  std::pair<std::int64_t, std::int64_t> ordered_pair() {
    // Smaller than any other, so that a priority queue gives them out at once.
    if constexpr (is_priority) return {-2, -1};
    const std::int64_t first = values_.fresh();
    return {first, values_.fresh()};
  }

  template <class Iterator>
  void put_back(Iterator from, Iterator to) {
    if constexpr (is_stack) {
      while (from != to)
        held_.push((--to)->integer());
    } else {
      for (; from != to; ++from)
        held_.push(from->integer());
    }
  }

  Value take() {
    if (held_.empty()) return {};
    std::int64_t value = 0;
    if constexpr (requires { held_.front(); }) {
      value = held_.front();
    } else {
      value = held_.top();
    }
    held_.pop();
    return value;
  }

  static constexpr bool is_queue = requires(Container container) { container.front(); };
  static constexpr bool is_priority = requires { typename Container::value_compare; };
  static constexpr bool is_stack = !is_queue && !is_priority;

  ValueSource values_;
  std::string add_;
  std::string take_;
  Container held_;
};

struct Fifo : std::queue<std::int64_t> {};
struct Lifo {
  std::vector<std::int64_t> items;
  void push(std::int64_t value) { items.push_back(value); }
  std::int64_t top() const { return items.back(); }
  void pop() { items.pop_back(); }
  bool empty() const { return items.empty(); }
  std::size_t size() const { return items.size(); }
};
struct SmallestFirst
    : std::priority_queue<std::int64_t, std::vector<std::int64_t>, std::greater<>> {};

/// acquire, which waits while another client holds the lock and gives up at times, and release.
class Mutex : public SimulatedObject {
 public:
  Call next_call(Random&, std::size_t client) override {
    return {holder_ == client ? "release" : "acquire"};
  }

  std::optional<Answer> apply(const Call& call, std::size_t client) override {
    if (call.f == "release") {
      holder_.reset();
      return ok();
    }
    if (holder_) return ++waits_ % patience == 0 ? std::optional(failed()) : std::nullopt;
    holder_ = client;
    return ok();
  }

  /// A lock that a crashed client holds would end the history; one whose release hangs would be
  /// free to be taken, and no violation certain.
  bool crash_takes_effect(const Call& call, Random&) override { return call.f == "release"; }

  /// Two acquisitions in a row: certain if at most one release is outstanding, and none crashed.
  std::vector<Step> stale_steps() override {
    return {{{"acquire"}, ok()}, {{"acquire"}, ok()}, {{"acquire"}, ok()}};
  }

 private:
  static constexpr std::uint64_t patience = 4;

  std::optional<std::size_t> holder_;
  std::uint64_t waits_ = 0;
};

}  // namespace

std::unique_ptr<SimulatedObject> make_simulated_object(std::string_view model,
                                                       const ValueChoice& choice,
                                                       const FunctionShares& shares) {
  if (model == "register") return std::make_unique<Register>(choice, shares, false);
  if (model == "cas-register") return std::make_unique<Register>(choice, shares, true);
  if (model == "kv") return std::make_unique<KeyValueStore>(choice);
  if (model == "counter") return std::make_unique<Counter>();
  if (model == "set") return std::make_unique<Set>(choice);
  if (model == "grow-only-set") return std::make_unique<GrowOnlySet>(choice);
  if (model == "queue") {
    return std::make_unique<Collection<Fifo>>(choice, "enqueue", "dequeue");
  }
  if (model == "stack") return std::make_unique<Collection<Lifo>>(choice, "push", "pop");
  if (model == "priority-queue") {
    return std::make_unique<Collection<SmallestFirst>>(choice, "insert", "extract");
  }
  if (model == "mutex") return std::make_unique<Mutex>();
  return nullptr;
}

}  // namespace gauntlet
