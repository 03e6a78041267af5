#include "generator_support.hpp"

namespace gauntlet {

using namespace std::chrono_literals;

TEST_CASE("fixed offers the same operation for ever, to whoever is free") {
  const auto run = simulate(gen::limit(6, reads()), {.clients = 3});
  CHECK(run.end == Simulation::End::exhausted);
  CHECK(functions(run) == Names(6, "read"));
  CHECK(run.events.size() == 12);
  // Three start at once, each completes after a millisecond and goes on.
  CHECK(run.events[0].process == 0);
  CHECK(run.events[1].process == 1);
  CHECK(run.events[2].process == 2);
  CHECK(run.events[2].time_ns == 0);
  CHECK(run.events[3].type == OperationType::ok);
  CHECK(run.time_ns == 2 * nanos_per_millisecond);
  for (std::size_t i = 0; i < run.events.size(); ++i)
    CHECK(run.events[i].index == static_cast<std::int64_t>(i));
}

TEST_CASE("a sequence offers each operation once, in order") {
  const auto run = simulate(gen::sequence({operation("a"), operation("b", 2), operation("c")}));
  CHECK(functions(run) == Names{"a", "b", "c"});
  CHECK(run.invocations()[1].value == Value(2));
  CHECK(simulate(gen::once(operation("a"))).events.size() == 2);
  CHECK(simulate(gen::nothing()).events.empty());
}

TEST_CASE("a function is called once for each operation that is taken") {
  int calls = 0;
  const auto run = simulate(gen::function([&](const Context&) -> std::optional<Operation> {
    if (calls == 5) return std::nullopt;
    return operation("write", calls++);
  }));
  CHECK(run.end == Simulation::End::exhausted);
  CHECK(calls == 5);
  const auto invocations = run.invocations();
  REQUIRE(invocations.size() == 5);
  for (int i = 0; i < 5; ++i)
    CHECK(invocations[static_cast<std::size_t>(i)].value == Value(i));
}

TEST_CASE("sleep passes time and offers nothing; log is called once") {
  int messages = 0;
  const auto run = simulate(gen::concat(gen::once(operation("a")), gen::sleep(5s),
                                        gen::log([&] { ++messages; }), gen::once(operation("b"))));
  CHECK(functions(run) == Names{"a", "b"});
  CHECK(run.invocations()[1].time_ns == 5 * nanos_per_second);
  CHECK(messages == 1);
}

TEST_CASE("info retires a process, fail and ok do not") {
  SimulationSetup setup{.clients = 2};
  setup.complete = [](Operation& op, Random&) {
    op.type = op.process % 2 == 0 ? OperationType::info : OperationType::fail;
  };
  const auto run = simulate(gen::limit(6, reads()), setup);
  std::vector<Process> processes;
  for (const auto& op : run.invocations())
    processes.push_back(op.process);
  CHECK(processes == std::vector<Process>{0, 1, 2, 1, 4, 1});
}

TEST_CASE("a generator that waits for nothing is found to be stuck") {
  struct Stuck : Generator {
    Offer poll(const Context&) override { return Offer::pending(); }
    void accept(const Context&, Worker, const Operation&) override {}
  };
  CHECK(simulate(std::make_unique<Stuck>()).end == Simulation::End::stuck);
}

TEST_CASE("a simulation is cut at its limits") {
  const auto run = simulate(reads(), {.time_max_ns = nanos_per_second});
  CHECK(run.end == Simulation::End::cut);
  CHECK(run.time_ns == nanos_per_second);
  CHECK(simulate(reads(), {.events_max = 10}).events.size() == 10);
}

}  // namespace gauntlet
