#include "bench/histories/simulated_history.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "history/reader.hpp"

namespace gauntlet {

namespace {

constexpr std::string_view models[] = {"register", "cas-register",  "kv",    "counter",
                                       "set",      "grow-only-set", "queue", "stack",
                                       "mutex",    "priority-queue"};

struct Simulated {
  History history;
  SimulationResult result;
};

Simulated simulate(const SimulationOptions& options) {
  Simulated simulated;
  const auto result = simulate_history(
      options, [&](const Operation& operation) { simulated.history.append(operation); });
  REQUIRE(result.has_value());
  REQUIRE(simulated.history.pair().has_value());
  simulated.result = *result;
  return simulated;
}

/// Whether the operations can be put in an order that the object could have served: tries all, by
/// serving each prefix from scratch.
class BruteForce {
 public:
  BruteForce(const SimulationOptions& options, const History& history)
      : options_(options), history_(history) {
    for (EventIndex i = 0; i < history.size(); ++i) {
      if (history.type(i) != OperationType::invoke) continue;
      const EventIndex end = history.partner(i);
      if (end != no_event && history.type(end) == OperationType::fail) continue;
      const bool crashed = end == no_event || history.type(end) == OperationType::info;
      calls_.push_back({i, crashed ? no_event : end});
    }
    used_.assign(calls_.size(), false);
  }

  bool has_order() { return search(); }

 private:
  struct OpenCall {
    EventIndex from;
    EventIndex to;  ///< no_event: open for ever
  };

  bool search() {
    EventIndex first_end = no_event;
    bool all_done = true;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (used_[i] || calls_[i].to == no_event) continue;
      first_end = std::min(first_end, calls_[i].to);
      all_done = false;
    }
    if (all_done) return true;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (used_[i] || calls_[i].from > first_end) continue;
      used_[i] = true;
      order_.push_back(i);
      if (serves() && search()) return true;
      order_.pop_back();
      used_[i] = false;
    }
    return false;
  }

  bool serves() const {
    const auto object = make_simulated_object(options_.model, options_.values);
    for (const std::size_t i : order_) {
      const Operation call = history_.operation(calls_[i].from);
      const auto answer =
          object->apply({call.f, call.value, call.key}, static_cast<std::size_t>(call.process));
      if (!answer) return false;
      if (calls_[i].to == no_event) continue;
      const Operation completion = history_.operation(calls_[i].to);
      if (answer->type != completion.type || answer->value != completion.value) return false;
    }
    return true;
  }

  const SimulationOptions& options_;
  const History& history_;
  std::vector<OpenCall> calls_;
  std::vector<bool> used_;
  std::vector<std::size_t> order_;
};

}  // namespace

TEST_CASE("small histories are linearizable, and those with a violation are not") {
  for (const std::string_view model : models) {
    for (std::uint64_t seed = 0; seed < 24; ++seed) {
      SimulationOptions options{.model = std::string(model),
                                .operations = 9,
                                .processes = 3,
                                .values = {.count = seed % 2 == 0 ? 2 : 0, .keys = 2},
                                .crash_share = seed % 3 == 0 ? 0.2 : 0.0,
                                .late_effects = seed % 6 == 0 && model != "mutex",
                                .seed = seed};
      CAPTURE(model);
      CAPTURE(seed);
      const Simulated valid = simulate(options);
      CHECK(BruteForce(options, valid.history).has_order());
      if (model == "mutex" && options.crash_share > 0) continue;

      options.plant = Plant::stale;
      const Simulated invalid = simulate(options);
      CHECK_FALSE(BruteForce(options, invalid.history).has_order());
      REQUIRE(invalid.result.violation_index >= 0);
    }
  }
}

TEST_CASE("planted counts hinge on one crashed operation") {
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    SimulationOptions options{.model = "cas-register",
                              .operations = 9,
                              .processes = 2,
                              .crash_share = 0.4,
                              .plant = Plant::counts,
                              .seed = seed};
    CAPTURE(seed);
    const Simulated invalid = simulate(options);
    CHECK_FALSE(BruteForce(options, invalid.history).has_order());
    options.plant = Plant::counts_valid;
    const Simulated valid = simulate(options);
    CHECK(BruteForce(options, valid.history).has_order());
    CHECK(valid.result.violation_index == -1);
  }
}

TEST_CASE("the overlap, the crashes and the place of the violation are as asked for") {
  const SimulationOptions options{.model = "cas-register",
                                  .operations = 20'000,
                                  .processes = 30,
                                  .crash_share = 0.01,
                                  .plant = Plant::stale,
                                  .seed = 5};
  const auto [history, result] = simulate(options);
  CHECK(result.events == static_cast<std::int64_t>(history.size()));
  std::int64_t operations = 0;
  std::int64_t crashed = 0;
  std::int64_t open = 0;
  double open_sum = 0;
  std::set<std::int64_t> values;
  for (EventIndex i = 0; i < history.size(); ++i) {
    const bool is_invoke = history.type(i) == OperationType::invoke;
    operations += is_invoke ? 1 : 0;
    crashed += history.type(i) == OperationType::info ? 1 : 0;
    open += is_invoke ? 1 : -1;
    open_sum += static_cast<double>(open);
    CHECK(history.index(i) == i);
    if (history.function_name(history.f(i)) == "write") {
      values.insert(history.values().as_integer(history.value(i)));
    }
  }
  CHECK(operations >= 20'000);
  CHECK(operations < 20'010);
  CHECK(crashed == result.crashed);
  CHECK(crashed > 140);
  CHECK(crashed < 260);
  CHECK(open == 0);
  CHECK(open_sum / static_cast<double>(history.size()) > 0.6 * 30);
  CHECK(open_sum / static_cast<double>(history.size()) < 0.73 * 30);
  CHECK(values.size() == 5 + 2);
  const double place =
      static_cast<double>(result.violation_index) / static_cast<double>(history.size());
  CHECK(place > 0.98);
  CHECK(place < 0.99);
}

TEST_CASE("functions are called as often as their shares say") {
  const auto history = simulate({.model = "cas-register",
                                 .operations = 10'000,
                                 .shares = {.read = 1, .write = 0, .cas = 3},
                                 .plant = Plant::stale})
                           .history;
  std::size_t reads = 0, writes = 0;
  for (EventIndex i = 0; i < history.size(); ++i) {
    if (history.type(i) != OperationType::invoke) continue;
    reads += history.function_name(history.f(i)) == "read";
    writes += history.function_name(history.f(i)) == "write";
  }
  CHECK(reads > 2'300);
  CHECK(reads < 2'700);
  CHECK(writes == 1 + 2);  // where it begins, and what is planted
}

TEST_CASE("the seed decides") {
  SimulationOptions options{.model = "queue", .operations = 100, .seed = 7};
  const auto text_of = [&] {
    std::string text;
    const auto result = simulate_history(
        options, [&](const Operation& operation) { append_json_line(text, operation); });
    REQUIRE(result.has_value());
    return text;
  };
  const std::string text = text_of();
  CHECK(text_of() == text);
  options.seed = 8;
  CHECK(text_of() != text);

  const auto read = parse_history(text, "h");
  REQUIRE(read.has_value());
  CHECK(read->history.size() ==
        simulate({.model = "queue", .operations = 100, .seed = 7}).history.size());
}

TEST_CASE("options that make no history are refused") {
  const auto refused = [](const SimulationOptions& options) {
    const auto result = simulate_history(options, [](const Operation&) {});
    return !result && result.error().kind == ErrorKind::usage;
  };
  CHECK(refused({.model = "none"}));
  CHECK(refused({.processes = 0}));
  CHECK(refused({.crash_share = 1.5}));
  CHECK(refused({.operations = 1'000'000, .processes = 100'000, .crash_share = 0.5}));
  CHECK(refused({.model = "register", .plant = Plant::counts}));
  CHECK(refused({.shares = {.read = -1}}));
  CHECK(refused({.model = "register", .shares = {.read = 0, .write = 0, .cas = 1}}));
  CHECK(refused({.model = "mutex", .crash_share = 0.1, .plant = Plant::stale}));
}

}  // namespace gauntlet
