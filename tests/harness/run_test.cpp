#include <atomic>
#include <thread>

#include "run_support.hpp"

namespace gauntlet {

using namespace std::chrono_literals;

TEST_CASE("a run records every operation with its completion") {
  Memory memory;
  RunSetup setup = setup_with(5, memory, succeed);
  setup.node_of = [](Worker w, Process) { return "n" + std::to_string(w % 3 + 1); };
  auto generator = gen::limit(
      1000, gen::mix(gen::fixed(operation("read")), gen::fixed(operation("write", 3, 7))));
  const RunSummary summary = run(*generator, setup);
  check_well_formed(memory.events);
  CHECK(memory.events.size() == 2000);
  CHECK(summary.invocations == 1000);
  CHECK(summary.ok == 1000);
  CHECK(summary.fail + summary.info == 0);
  CHECK(summary.hung == 0);
  CHECK(!summary.stopped_early);
  CHECK(summary.notes.empty());
  CHECK(summary.scheduled == 0);
  for (const auto& event : memory.events) {
    CHECK(event.node == "n" + std::to_string(event.process % 5 % 3 + 1));
    if (event.f == "write") CHECK(event.key == Value(7));
  }
}

TEST_CASE(
    "a completion keeps its operation's function, key and process, whatever the client does") {
  Memory memory;
  auto generator = gen::limit(10, gen::fixed(operation("read", {}, 1)));
  run(*generator, setup_with(2, memory, [](Operation& op, Deadline) {
    op = operation("nonsense", 5);
    op.process = 99;
    op.type = OperationType::ok;
    op.error = std::string(10'000, 'x');
  }));
  check_well_formed(memory.events);
  for (const auto& event : memory.events) {
    CHECK(event.f == "read");
    CHECK(event.error.size() <= 2000);
  }
}

TEST_CASE("info retires a process and opens a new client, fail does neither") {
  Memory memory;
  std::atomic<int> opened{0};
  RunSetup setup = setup_with(2, memory, {});
  setup.open_client = [&](Worker worker, Process process) -> Result<ClientPtr> {
    ++opened;
    CHECK(process % 2 == worker);
    return ClientPtr(std::make_unique<FunctionClient>([](Operation& op, Deadline) {
      op.type = op.f == "read" ? OperationType::fail : OperationType::info;
    }));
  };
  auto generator = gen::sequence({operation("read"), operation("read"), operation("read"),
                                  operation("write"), operation("write"), operation("write")});
  const RunSummary summary = run(*generator, setup);
  check_well_formed(memory.events);
  CHECK(summary.fail == 3);
  CHECK(summary.info == 3);
  CHECK(opened >= 3);
  CHECK(opened <= 5);
}

TEST_CASE("a reusable client goes on after info") {
  struct Reusable : FunctionClient {
    using FunctionClient::FunctionClient;
    bool reusable() const override { return true; }
  };
  Memory memory;
  std::atomic<int> opened{0};
  RunSetup setup = setup_with(1, memory, {});
  setup.open_client = [&](Worker, Process) -> Result<ClientPtr> {
    ++opened;
    return ClientPtr(
        std::make_unique<Reusable>([](Operation& op, Deadline) { op.type = OperationType::info; }));
  };
  auto generator = gen::limit(5, gen::fixed(operation("read")));
  CHECK(run(*generator, setup).info == 5);
  check_well_formed(memory.events);
  CHECK(opened == 1);
}

TEST_CASE("what a client throws, or does not say, is indefinite") {
  Memory memory;
  RunSetup setup = setup_with(1, memory, [](Operation& op, Deadline) {
    if (op.f == "throw") throw std::runtime_error("lost the thread");
    if (op.f == "odd") throw 7;
  });
  auto generator = gen::sequence({operation("throw"), operation("odd"), operation("silent")});
  CHECK(run(*generator, setup).info == 3);
  check_well_formed(memory.events);
  CHECK(memory.events[1].error == "lost the thread");
  CHECK(!memory.events[3].error.empty());
  CHECK(!memory.events[5].error.empty());
}

TEST_CASE("an operation whose client cannot be opened fails, and a dead node is not hammered") {
  Memory memory;
  std::atomic<int> tries{0};
  RunSetup setup = setup_with(1, memory, succeed);
  const auto working = setup.open_client;
  setup.open_client = [&](Worker w, Process p) -> Result<ClientPtr> {
    if (++tries <= 4) return failure(ErrorKind::transport, "n1: connection refused");
    return working(w, p);
  };
  auto generator = gen::limit(6, gen::fixed(operation("read")));
  const RunSummary summary = run(*generator, setup);
  check_well_formed(memory.events);
  CHECK(summary.fail == 4);
  CHECK(summary.ok == 2);
  CHECK(memory.events[1].error == "not sent: n1: connection refused");
  CHECK(summary.elapsed_ns > 140 * nanos_per_millisecond);  // 10 + 20 + 40 + 80
}

TEST_CASE("the nemesis works beside the clients, its events are info") {
  Memory memory;
  RunSetup setup = setup_with(3, memory, succeed);
  std::atomic<int> faults{0};
  FunctionClient nemesis([&](Operation& op, Deadline) {
    ++faults;
    op.value = Value("done");
  });
  setup.nemesis = &nemesis;
  auto generator = gen::phases(
      gen::any(
          gen::on_clients(gen::limit(300, gen::stagger(10'000, gen::fixed(operation("read"))))),
          gen::on_nemesis(gen::repeat(
              3, [] { return gen::concat(gen::sleep(5ms), gen::once(operation("kill"))); }))),
      gen::on_nemesis(gen::once(operation("heal"))));
  const RunSummary summary = run(*generator, setup);
  check_well_formed(memory.events);
  CHECK(faults == 4);
  CHECK(summary.invocations == 300);
  CHECK(memory.events.size() == 608);
  CHECK(memory.events.back().f == "heal");
  for (const auto& event : memory.events)
    CHECK((event.process == nemesis_process) == (event.type == OperationType::info));
}

TEST_CASE("a deadline is given to each operation") {
  Memory memory;
  RunSetup setup = setup_with(2, memory, [](Operation& op, Deadline deadline) {
    CHECK(deadline.left() <= 700ms);
    CHECK(deadline.left() > 300ms);
    op.type = OperationType::ok;
  });
  setup.operation_timeout = 700ms;
  auto generator = gen::limit(10, gen::fixed(operation("read")));
  run(*generator, setup);
}

TEST_CASE("a generator that would wait for ever ends the run with a note") {
  struct Stuck : Generator {
    Offer poll(const Context&) override { return Offer::pending(); }
    void accept(const Context&, Worker, const Operation&) override {}
  };
  Memory memory;
  Stuck generator;
  const RunSummary summary = run(generator, setup_with(2, memory, succeed));
  CHECK(memory.events.empty());
  CHECK(summary.notes.size() == 1);
}

TEST_CASE("stop ends a run after what is outstanding") {
  Memory memory;
  std::atomic<bool> stop{false};
  RunSetup setup = setup_with(4, memory, [](Operation& op, Deadline) {
    std::this_thread::sleep_for(2ms);
    op.type = OperationType::ok;
  });
  setup.stop = &stop;
  std::thread stopper([&] {
    std::this_thread::sleep_for(100ms);
    stop = true;
  });
  auto generator = gen::fixed(operation("read"));
  const RunSummary summary = run(*generator, setup);
  stopper.join();
  check_well_formed(memory.events);
  CHECK(summary.stopped_early);
  CHECK(summary.info == 0);
  CHECK(summary.ok > 20);
  CHECK(summary.elapsed_ns < 2 * nanos_per_second);
}

TEST_CASE("stop wakes a run that waits for a time far away") {
  Memory memory;
  std::atomic<bool> stop{true};
  RunSetup setup = setup_with(2, memory, succeed);
  setup.stop = &stop;
  auto generator = gen::sleep(1h);
  const RunSummary summary = run(*generator, setup);
  CHECK(summary.stopped_early);
  CHECK(summary.elapsed_ns < nanos_per_second);
}

TEST_CASE("a sink that cannot go on ends the run") {
  struct Full : EventSink {
    void on_event(const Operation&) override { ++events; }
    std::string failure() const override { return events > 50 ? "the store is full" : ""; }
    std::atomic<int> events{0};
  };
  Memory memory;
  Full full;
  RunSetup setup = setup_with(2, memory, [](Operation& op, Deadline) {
    std::this_thread::sleep_for(100us);
    op.type = OperationType::ok;
  });
  setup.sinks.push_back(&full);
  auto generator = gen::fixed(operation("read"));
  const RunSummary summary = run(*generator, setup);
  check_well_formed(memory.events);
  CHECK(summary.stopped_early);
  REQUIRE(summary.notes.size() == 1);
  CHECK(summary.notes[0] == "the store is full");
}

TEST_CASE("operations that are due later are shared by all workers") {
  Memory memory;
  RunSetup setup = setup_with(4, memory, succeed);
  auto generator = gen::limit(200, gen::stagger(2000, gen::fixed(operation("read"))));
  run(*generator, setup);
  std::map<Process, int> by_process;
  for (const auto& event : memory.events)
    ++by_process[event.process];
  CHECK(by_process.size() == 4);
}

TEST_CASE("a rate is kept on an absolute schedule") {
  Memory memory;
  RunSetup setup = setup_with(4, memory, succeed);
  auto generator = gen::limit(1000, gen::delay(1ms, gen::fixed(operation("read"))));
  const RunSummary summary = run(*generator, setup);
  check_well_formed(memory.events);
  CHECK(summary.scheduled == 1000);
  CHECK(summary.elapsed_ns >= 999 * nanos_per_millisecond);
  CHECK(summary.elapsed_ns < 1200 * nanos_per_millisecond);
  CHECK(summary.lateness.p50 < 5 * nanos_per_millisecond);
  CHECK(!summary.behind);
}

TEST_CASE("clients that are too slow for the rate are told from a slow harness") {
  Memory memory;
  RunSetup setup = setup_with(2, memory, [](Operation& op, Deadline) {
    std::this_thread::sleep_for(5ms);
    op.type = OperationType::ok;
  });
  auto generator = gen::limit(
      100, gen::stagger(10'000, gen::fixed(operation("read")), gen::Gaps::regular, 50ms));
  const RunSummary summary = run(*generator, setup);
  CHECK(summary.skipped > 0);
  CHECK(!summary.behind);
  REQUIRE(summary.notes.size() == 1);
  CHECK(summary.notes[0].find("the clients took most of the time") != std::string::npos);
}

}  // namespace gauntlet
