#include <atomic>
#include <thread>

#include "run_support.hpp"

namespace gauntlet {

using namespace std::chrono_literals;

namespace {

RunSetup impatient(RunSetup setup) {
  setup.operation_timeout = 50ms;
  setup.hang_grace = 50ms;
  setup.drain = 200ms;
  return setup;
}

}  // namespace

TEST_CASE("a client that never returns is given up, and its worker goes on as a new process") {
  Memory memory;
  auto gate = std::make_shared<Gate>();
  std::atomic<int> calls{0};
  RunSetup setup = impatient(setup_with(2, memory, [gate, &calls](Operation& op, Deadline) {
    if (++calls == 3) gate->wait();
    op.type = OperationType::ok;
  }));
  auto generator = gen::limit(50, gen::delay(10ms, gen::fixed(operation("read"))));
  const RunSummary summary = run(*generator, setup);
  check_well_formed(memory.events);
  CHECK(summary.hung == 1);
  CHECK(summary.info == 1);
  CHECK(summary.ok == 49);
  REQUIRE(summary.notes.size() == 1);
  CHECK(summary.notes[0].find("did not return from read") != std::string::npos);
  std::set<Process> processes;
  for (const auto& event : memory.events)
    processes.insert(event.process);
  CHECK(processes.size() == 3);
  const auto events = memory.events;
  gate->open_and_await(1);
  std::this_thread::sleep_for(50ms);  // the late answer is dropped
  CHECK(memory.events.size() == events.size());
}

TEST_CASE("what hung clients need is kept until they return") {
  auto gate = std::make_shared<Gate>();
  auto database = std::make_shared<int>(7);
  std::weak_ptr<int> watch = database;
  std::atomic<int> seen{0};
  {
    Memory memory;
    RunSetup setup = impatient(
        setup_with(3, memory, [gate, &seen, raw = database.get()](Operation& op, Deadline) {
          gate->wait();
          seen += *raw;
          op.type = OperationType::ok;
        }));
    setup.keep_alive = std::move(database);
    auto generator = gen::limit(3, gen::fixed(operation("read")));
    const RunSummary summary = run(*generator, setup);
    check_well_formed(memory.events);
    CHECK(summary.hung == 3);
    CHECK(summary.info == 3);
  }
  CHECK(!watch.expired());
  gate->open_and_await(3);
  for (int i = 0; i < 200 && !watch.expired(); ++i)
    std::this_thread::sleep_for(10ms);
  CHECK(watch.expired());
  CHECK(seen == 21);
}

TEST_CASE("a client that hangs while it opens") {
  Memory memory;
  auto gate = std::make_shared<Gate>();
  RunSetup setup = impatient(setup_with(1, memory, succeed));
  auto opens = std::make_shared<std::atomic<int>>(0);
  auto calls = std::make_shared<std::atomic<int>>(0);
  setup.open_client = [gate, opens, calls](Worker, Process) -> Result<ClientPtr> {
    if (++*opens == 1) gate->wait();
    return ClientPtr(std::make_unique<FunctionClient>([calls](Operation& op, Deadline) {
      ++*calls;
      op.type = OperationType::ok;
    }));
  };
  auto generator = gen::limit(3, gen::fixed(operation("read")));
  const RunSummary summary = run(*generator, setup);
  check_well_formed(memory.events);
  CHECK(summary.hung == 1);
  CHECK(summary.ok == 2);
  gate->open_and_await(1);
  std::this_thread::sleep_for(50ms);
  CHECK(*calls == 2);  // the one that was given up is not sent after all
}

TEST_CASE("stop does not wait for ever for what is outstanding") {
  Memory memory;
  auto gate = std::make_shared<Gate>();
  std::atomic<bool> stop{true};
  RunSetup setup = setup_with(4, memory, [gate, &stop](Operation& op, Deadline) {
    stop = true;
    gate->wait();
    op.type = OperationType::ok;
  });
  stop = false;
  setup.stop = &stop;
  setup.drain = 100ms;
  auto generator = gen::fixed(operation("read"));
  const RunSummary summary = run(*generator, setup);
  check_well_formed(memory.events);
  CHECK(summary.stopped_early);
  CHECK(summary.hung == 4);
  CHECK(summary.info == 4);
  CHECK(summary.elapsed_ns < 3 * nanos_per_second);
  gate->open_and_await(4);
}

TEST_CASE("a nemesis that hangs is not called again") {
  Memory memory;
  auto gate = std::make_shared<Gate>();
  std::atomic<int> calls{0};
  FunctionClient nemesis([gate, &calls](Operation&, Deadline) {
    ++calls;
    gate->wait();
  });
  RunSetup setup = impatient(setup_with(2, memory, succeed));
  setup.nemesis = &nemesis;
  setup.nemesis_timeout = 50ms;
  auto generator = gen::phases(gen::on_nemesis(gen::limit(3, gen::fixed(operation("kill")))),
                               gen::on_clients(gen::once(operation("read"))));
  const RunSummary summary = run(*generator, setup);
  check_well_formed(memory.events);
  CHECK(calls == 1);
  CHECK(memory.events.size() == 8);
  CHECK(summary.hung == 1);
  CHECK(summary.ok == 1);
  gate->open_and_await(1);
  std::this_thread::sleep_for(50ms);  // `nemesis` must outlive its thread
}

TEST_CASE(
    "stress: a hundred workers, clients that fail, throw, dawdle and hang, a stop at random") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    Memory memory;
    auto gate = std::make_shared<Gate>();
    auto hung = std::make_shared<std::atomic<int>>(0);
    std::atomic<bool> stop{false};
    RunSetup setup = impatient(setup_with(100, memory, {}));
    setup.seed = seed;
    setup.stop = &stop;
    setup.hang_grace = 1s;
    setup.drain = 3s;
    auto clients = std::make_shared<std::atomic<std::uint64_t>>(seed << 32);
    setup.open_client = [gate, hung, clients](Worker, Process) -> Result<ClientPtr> {
      Random random((*clients)++);
      if (random.chance(0.1)) return failure(ErrorKind::transport, "refused");
      return ClientPtr(
          std::make_unique<FunctionClient>([gate, hung, random](Operation& op, Deadline) mutable {
            const auto choice = random.below(20'000);
            op.type = OperationType::ok;
            if (choice == 0 && hung->fetch_add(1) < 10) gate->wait();
            if (choice < 2000) std::this_thread::sleep_for(std::chrono::microseconds(choice));
            if (choice < 2200) op.type = OperationType::info;
            if (choice > 19'500) op.type = OperationType::fail;
            if (choice == 19'000) throw std::runtime_error("boom");
          }));
    };
    FunctionClient nemesis([](Operation&, Deadline) { std::this_thread::sleep_for(1ms); });
    setup.nemesis = &nemesis;
    auto generator = gen::any(
        gen::on_clients(gen::stagger(
            50'000, gen::independent(5, gen::integer_keys(),
                                     [](const Value&) {
                                       return gen::limit(
                                           200, gen::mix(gen::fixed(operation("read")),
                                                         gen::fixed(operation("write", 1))));
                                     }))),
        gen::on_nemesis(gen::delay(3ms, gen::fixed(operation("kill")))));
    std::thread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100 + Random(seed).below(400)));
      stop = true;
    });
    const RunSummary summary = run(*generator, setup);
    stopper.join();
    check_well_formed(memory.events);
    CHECK(summary.invocations == summary.ok + summary.fail + summary.info);
    CHECK(summary.invocations > 100);
    CHECK(summary.stopped_early);
    CHECK(summary.hung <= static_cast<std::size_t>(hung->load()));
    gate->open_and_await(static_cast<int>(summary.hung));
  }
}

}  // namespace gauntlet
