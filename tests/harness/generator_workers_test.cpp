#include <set>

#include "generator_support.hpp"

namespace gauntlet {

using namespace std::chrono_literals;

TEST_CASE("on_clients and on_nemesis") {
  SimulationSetup setup{.clients = 2, .nemesis = true};
  const auto run = simulate(gen::any(gen::on_clients(gen::limit(4, reads())),
                                     gen::on_nemesis(gen::limit(2, gen::fixed(operation("kill"))))),
                            setup);
  CHECK(run.end == Simulation::End::exhausted);
  for (const auto& event : run.events) {
    CHECK((event.f == "kill") == (event.process == nemesis_process));
    if (event.f == "kill") CHECK(event.type == OperationType::info);
  }
  CHECK(counts(run) == std::map<std::string, int>{{"kill", 2}, {"read", 4}});
  CHECK(simulate(gen::on_nemesis(reads()), {.clients = 1}).end == Simulation::End::exhausted);
}

TEST_CASE("each_worker gives every worker its own, the nemesis included unless kept out") {
  SimulationSetup setup{.clients = 3, .nemesis = true};
  const auto two = [] { return gen::sequence({operation("a"), operation("b")}); };
  const auto run = simulate(gen::each_worker(two), setup);
  std::map<Process, Names> by_process;
  for (const auto& op : run.invocations())
    by_process[op.process].push_back(op.f);
  CHECK(by_process.size() == 4);
  for (const auto& [process, names] : by_process)
    CHECK(names == Names{"a", "b"});
  CHECK(simulate(gen::on_clients(gen::each_worker(two)), setup).invocations().size() == 6);
}

TEST_CASE("each_worker does not wait for others") {
  SimulationSetup setup{.clients = 2};
  setup.latency = [](const Operation& op, Random&) {
    return op.process == 0 ? 100 * nanos_per_second : nanos_per_second;
  };
  const auto run = simulate(gen::each_worker([] { return gen::limit(5, reads()); }), setup);
  CHECK(run.end == Simulation::End::exhausted);
  Nanos end_of_second = 0;
  for (const auto& event : run.events)
    if (event.process == 1) end_of_second = event.time_ns;
  CHECK(end_of_second == 5 * nanos_per_second);
  CHECK(run.invocations().size() == 10);
}

TEST_CASE("reserve keeps ranges of workers for their generators") {
  std::vector<gen::Reservation> reservations;
  reservations.push_back({2, gen::fixed(operation("write"))});
  reservations.push_back({3, gen::fixed(operation("cas"))});
  const auto run =
      simulate(gen::limit(100, gen::reserve(std::move(reservations), reads())), {.clients = 10});
  std::map<std::string, std::set<Process>> workers;
  for (const auto& op : run.invocations())
    workers[op.f].insert(op.process);
  CHECK(workers["write"] == std::set<Process>{0, 1});
  CHECK(workers["cas"] == std::set<Process>{2, 3, 4});
  CHECK(workers["read"] == std::set<Process>{5, 6, 7, 8, 9});
}

TEST_CASE("reservations end each by itself, and may find no workers") {
  std::vector<gen::Reservation> reservations;
  reservations.push_back({2, gen::limit(3, gen::fixed(operation("write")))});
  reservations.push_back({3, gen::limit(3, gen::fixed(operation("cas")))});
  const auto run =
      simulate(gen::reserve(std::move(reservations), gen::limit(5, reads())), {.clients = 2});
  CHECK(run.end == Simulation::End::exhausted);
  CHECK(counts(run) == std::map<std::string, int>{{"write", 3}});
}

TEST_CASE("independent keys: groups work on one key each and then take the next") {
  SimulationSetup setup{.clients = 6};
  setup.complete = [](Operation& op, Random&) {
    op.type = op.index % 10 == 9 ? OperationType::info : OperationType::ok;
  };
  const auto run =
      simulate(gen::independent(2, gen::integer_keys(7),
                                [](const Value&) { return gen::limit(20, counted()); }),
               setup);
  CHECK(run.end == Simulation::End::exhausted);
  std::map<std::int64_t, std::vector<std::int64_t>> values;
  std::map<std::int64_t, std::set<Process>> groups;
  for (const auto& op : run.invocations()) {
    REQUIRE(op.key.is_integer());
    values[op.key.integer()].push_back(op.value.integer());
    groups[op.key.integer()].insert(op.process % 6 / 2);
  }
  CHECK(values.size() == 7);
  for (const auto& [key, written] : values) {
    CHECK(written.size() == 20);
    for (std::size_t i = 0; i < written.size(); ++i)
      CHECK(written[i] == static_cast<std::int64_t>(i));
  }
  for (const auto& [key, group] : groups)
    CHECK(group.size() == 1);
  for (const auto& event : run.events)
    CHECK(!event.key.is_nil());  // completions carry it too
}

TEST_CASE("independent keys: too few workers, a remainder, and no key") {
  const auto once_each = [](const Value&) { return gen::limit(4, reads()); };
  const auto few = simulate(gen::independent(5, gen::integer_keys(3), once_each), {.clients = 2});
  CHECK(few.invocations().size() == 12);
  const auto remainder = simulate(
      gen::limit(100, gen::independent(2, gen::integer_keys(), once_each)), {.clients = 5});
  std::set<Process> used;
  for (const auto& op : remainder.invocations())
    used.insert(op.process);
  CHECK(used.size() == 5);
  CHECK(simulate(gen::independent(2, gen::integer_keys(0), once_each)).events.empty());
}

TEST_CASE("independent keys: a generator sees the events of its own key only") {
  SimulationSetup setup{.clients = 2};
  // Process 0 is slow: its operation on a key ends when the group has gone on.
  setup.latency = [](const Operation& op, Random&) {
    return op.process == 0 ? 10 * nanos_per_second : nanos_per_second;
  };
  std::map<std::int64_t, int> seen_of_others;
  struct Watch : Generator {
    Watch(std::int64_t k, std::map<std::int64_t, int>& o) : key(k), others(o) {}
    Offer poll(const Context& c) override { return inner->poll(c); }
    void accept(const Context& c, Worker w, const Operation& op) override {
      inner->accept(c, w, op);
    }
    void update(const Context&, Worker, const Operation& event) override {
      if (event.key.integer() != key) ++others[key];
    }
    std::int64_t key;
    std::map<std::int64_t, int>& others;
    GeneratorPtr inner = gen::limit(3, reads());
  };
  const auto run =
      simulate(gen::independent(2, gen::integer_keys(5),
                                [&](const Value& key) -> GeneratorPtr {
                                  return std::make_unique<Watch>(key.integer(), seen_of_others);
                                }),
               setup);
  CHECK(run.invocations().size() == 15);
  CHECK(seen_of_others.empty());
}

TEST_CASE("a whole test: load with faults, then recovery, then last reads") {
  SimulationSetup setup{.clients = 6, .nemesis = true, .seed = 11};
  setup.latency = [](const Operation& op, Random& random) {
    return op.process == nemesis_process ? nanos_per_second
                                         : random.between(1, 50) * nanos_per_millisecond;
  };
  setup.complete = [](Operation& op, Random& random) {
    if (random.chance(0.05)) op.type = OperationType::info;
  };
  const auto run = simulate(
      gen::phases(
          gen::time_limit(
              60s, gen::any(gen::on_clients(gen::stagger(
                                50, gen::independent(3, gen::integer_keys(),
                                                     [](const Value&) {
                                                       return gen::limit(
                                                           100, gen::mix(reads(), counted()));
                                                     }))),
                            gen::on_nemesis(gen::cycle([] {
                              return gen::concat(gen::sleep(5s), gen::once(operation("start")),
                                                 gen::sleep(5s), gen::once(operation("stop")));
                            })))),
          gen::on_nemesis(gen::once(operation("heal"))), gen::sleep(10s),
          gen::on_clients(gen::each_worker([] { return gen::once(operation("final")); }))),
      setup);
  CHECK(run.end == Simulation::End::exhausted);
  const auto n = counts(run);
  CHECK(n.at("start") == 5);
  CHECK(n.at("stop") == 5);
  CHECK(n.at("heal") == 1);
  CHECK(n.at("final") == 6);
  const int load = n.at("read") + n.at("write");
  CHECK(load > 2850);
  CHECK(load < 3150);
  Nanos healed = 0;
  for (const auto& event : run.events) {
    if (event.f == "heal") healed = event.time_ns;
    if (event.f == "read" || event.f == "write") CHECK(healed == 0);
    if (event.f == "final") CHECK(event.time_ns >= healed + 10 * nanos_per_second);
  }
}

}  // namespace gauntlet
