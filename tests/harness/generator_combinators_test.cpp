#include "generator_support.hpp"

namespace gauntlet {

using namespace std::chrono_literals;

TEST_CASE("concat flows from one part into the next") {
  const auto run = simulate(gen::concat(gen::limit(2, reads()), gen::once(operation("x"))));
  CHECK(functions(run) == Names{"read", "read", "x"});
  CHECK(run.invocations()[2].time_ns == 0);
}

TEST_CASE("phases wait until all workers are free") {
  SimulationSetup setup{.clients = 3};
  setup.latency = [](const Operation& op, Random&) { return (1 + op.process) * nanos_per_second; };
  const auto run =
      simulate(gen::phases(gen::limit(3, reads()), gen::limit(2, gen::fixed(operation("x"))),
                           gen::once(operation("y"))),
               setup);
  const auto invocations = run.invocations();
  CHECK(functions(invocations) == Names{"read", "read", "read", "x", "x", "y"});
  CHECK(invocations[3].time_ns == 3 * nanos_per_second);
  CHECK(invocations[4].time_ns == 3 * nanos_per_second);
  // x ran on two of three workers; y waits for the slower one.
  Nanos last_x = 0;
  for (const auto& event : run.events)
    if (event.f == "x" && event.type == OperationType::ok) last_x = event.time_ns;
  CHECK(invocations[5].time_ns == last_x);
}

TEST_CASE("a barrier concerns the workers of its scope only") {
  SimulationSetup setup{.clients = 2, .nemesis = true};
  setup.latency = [](const Operation& op, Random&) {
    return op.process == nemesis_process ? 100 * nanos_per_second : nanos_per_second;
  };
  const auto run = simulate(
      gen::any(gen::on_nemesis(gen::once(operation("fault"))),
               gen::on_clients(gen::phases(gen::limit(2, reads()), gen::once(operation("x"))))),
      setup);
  for (const auto& op : run.invocations())
    if (op.f == "x") CHECK(op.time_ns == nanos_per_second);
}

TEST_CASE("repeat and cycle make their part anew") {
  const auto pair = [] { return gen::sequence({operation("a"), operation("b")}); };
  CHECK(functions(simulate(gen::repeat(2, pair))) == Names{"a", "b", "a", "b"});
  CHECK(functions(simulate(gen::limit(5, gen::cycle(pair)))) == Names{"a", "b", "a", "b", "a"});
  CHECK(simulate(gen::repeat(0, pair)).events.empty());
  CHECK(simulate(gen::cycle([] { return gen::nothing(); })).end == Simulation::End::exhausted);
  const auto with_pauses = simulate(gen::limit(
      3, gen::cycle([] { return gen::concat(gen::sleep(1s), gen::once(operation("a"))); })));
  REQUIRE(with_pauses.invocations().size() == 3);
  CHECK(with_pauses.invocations()[2].time_ns == 3 * nanos_per_second);
}

TEST_CASE("mix draws by weight, and drops what is exhausted") {
  SimulationSetup setup{.clients = 5, .seed = 7};
  std::vector<gen::Weighted> parts;
  parts.push_back({3, reads()});
  parts.push_back({1, gen::fixed(operation("write"))});
  const auto by_weight = counts(simulate(gen::limit(4000, gen::mix(std::move(parts))), setup));
  CHECK(by_weight.at("read") > 2850);
  CHECK(by_weight.at("read") < 3150);
  const auto run = simulate(gen::mix(gen::limit(10, reads()), gen::limit(3, counted())), setup);
  CHECK(run.end == Simulation::End::exhausted);
  CHECK(counts(run) == std::map<std::string, int>{{"read", 10}, {"write", 3}});
}

TEST_CASE("flip_flop alternates and ends with the part whose turn it is") {
  const auto run = simulate(gen::flip_flop(reads(), gen::limit(2, gen::fixed(operation("write")))));
  CHECK(functions(run) == Names{"read", "write", "read", "write", "read"});
}

TEST_CASE("filter and map") {
  auto even =
      gen::filter([](const Operation& op) { return op.value.integer() % 2 == 0; }, counted());
  auto doubled = gen::map([](Operation& op) { op.value = Value(op.value.integer() * 10); },
                          gen::limit(3, std::move(even)));
  const auto run = simulate(std::move(doubled));
  REQUIRE(run.invocations().size() == 3);
  CHECK(run.invocations()[0].value == Value(0));
  CHECK(run.invocations()[1].value == Value(20));
  CHECK(run.invocations()[2].value == Value(40));
  const auto none = simulate(gen::filter([](const Operation&) { return false; }, reads()),
                             {.time_max_ns = 20 * nanos_per_millisecond});
  CHECK(none.events.empty());
  CHECK(none.end == Simulation::End::cut);
}

TEST_CASE("time_limit ends at its time, even in the middle of a long wait") {
  const auto run = simulate(gen::concat(
      gen::time_limit(10s, gen::concat(gen::once(operation("a")), gen::sleep(60s), reads())),
      gen::once(operation("end"))));
  CHECK(functions(run) == Names{"a", "end"});
  CHECK(run.invocations()[1].time_ns == 10 * nanos_per_second);
  const auto scheduled = simulate(
      gen::concat(gen::time_limit(10s, gen::delay(3s, reads())), gen::once(operation("x"))));
  CHECK(functions(scheduled) == Names{"read", "read", "read", "read", "x"});
  CHECK(scheduled.invocations()[4].time_ns == 10 * nanos_per_second);
}

TEST_CASE("process_limit counts distinct processes") {
  SimulationSetup setup{.clients = 2};
  setup.complete = [](Operation& op, Random&) { op.type = OperationType::info; };
  const auto run = simulate(gen::process_limit(5, reads()), setup);
  CHECK(run.end == Simulation::End::exhausted);
  CHECK(run.invocations().size() == 5);  // every operation retires its process
  const auto steady = simulate(gen::limit(100, gen::process_limit(1, reads())), {.clients = 3});
  CHECK(steady.invocations().size() == 100);
  for (const auto& op : steady.invocations())
    CHECK(op.process == 0);
}

TEST_CASE("until_ok goes on until one of its own operations succeeds") {
  SimulationSetup setup{.clients = 1};
  int left = 4;
  setup.complete = [&](Operation& op, Random&) {
    op.type = --left > 0 ? OperationType::fail : OperationType::ok;
  };
  const auto run = simulate(gen::concat(gen::until_ok(reads()), gen::once(operation("x"))), setup);
  CHECK(functions(run) == Names{"read", "read", "read", "read", "x"});
  // Success of somebody else's operation does not count.
  SimulationSetup two{.clients = 2};
  two.complete = [](Operation& op, Random&) {
    op.type = op.f == "other" ? OperationType::ok : OperationType::fail;
  };
  const auto others = simulate(
      gen::limit(20, gen::any(gen::until_ok(reads()), gen::fixed(operation("other")))), two);
  CHECK(counts(others).at("read") == 10);
}

TEST_CASE("any takes what is due first, and lets those that are due take turns") {
  const auto run =
      simulate(gen::limit(4, gen::any(gen::fixed(operation("a")), gen::fixed(operation("b")))));
  CHECK(functions(run) == Names{"a", "b", "a", "b"});
  const auto by_time = simulate(gen::any(gen::limit(3, gen::delay(10s, reads())),
                                         gen::concat(gen::sleep(5s), gen::once(operation("x")))));
  CHECK(functions(by_time) == Names{"read", "x", "read", "read"});
  CHECK(by_time.invocations()[1].time_ns == 5 * nanos_per_second);
}

TEST_CASE("an offer that is not taken does not count") {
  // The slow part is polled at every step, and must still start with its first value.
  const auto run = simulate(gen::any(gen::limit(50, gen::delay(1s, reads())),
                                     gen::concat(gen::sleep(20s), gen::limit(3, counted()))),
                            {.clients = 2});
  std::vector<std::int64_t> written;
  for (const auto& op : run.invocations())
    if (op.f == "write") written.push_back(op.value.integer());
  CHECK(written == std::vector<std::int64_t>{0, 1, 2});
}

TEST_CASE("the same seed gives the same events, another seed others") {
  const auto make = [] {
    return gen::phases(
        gen::limit(200,
                   gen::stagger(100, gen::mix(reads(), counted(), gen::fixed(operation("cas"))),
                                gen::Gaps::exponential)),
        gen::each_worker([] { return gen::once(operation("read")); }));
  };
  SimulationSetup setup{.clients = 5, .seed = 1};
  setup.latency = [](const Operation&, Random& random) {
    return random.between(1, 100) * nanos_per_millisecond;
  };
  setup.complete = [](Operation& op, Random& random) {
    op.type = random.chance(0.1) ? OperationType::info : OperationType::ok;
  };
  const std::string first = text(simulate(make(), setup).events);
  CHECK(first == text(simulate(make(), setup).events));
  setup.seed = 2;
  CHECK(first != text(simulate(make(), setup).events));
}

}  // namespace gauntlet
