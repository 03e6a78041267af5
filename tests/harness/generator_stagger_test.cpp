#include <algorithm>

#include "generator_support.hpp"

namespace gauntlet {

using namespace std::chrono_literals;

TEST_CASE("every kind of gap keeps the rate") {
  for (const auto gaps : {gen::Gaps::uniform, gen::Gaps::exponential, gen::Gaps::regular}) {
    CAPTURE(static_cast<int>(gaps));
    const auto run =
        simulate(gen::limit(10'000, gen::stagger(1000, reads(), gaps)), {.clients = 20, .seed = 3});
    const auto invocations = run.invocations();
    REQUIRE(invocations.size() == 10'000);
    CHECK(invocations[0].time_ns == 0);
    const auto seconds = static_cast<double>(invocations.back().time_ns) / nanos_per_second;
    CHECK(seconds > 9.7);
    CHECK(seconds < 10.3);
  }
}

TEST_CASE("regular gaps do not drift") {
  const auto run = simulate(gen::limit(1001, gen::delay(3333333ns, reads())));
  CHECK(run.invocations().back().time_ns == 3333333LL * 1000);
}

TEST_CASE("what was missed while workers were busy is caught up") {
  // One worker, 100 a second; the fifth operation takes half a second.
  SimulationSetup setup{.clients = 1};
  setup.latency = [](const Operation& op, Random&) {
    return op.value == Value(4) ? 500 * nanos_per_millisecond : nanos_per_millisecond;
  };
  const auto run = simulate(gen::limit(200, gen::delay(10ms, counted())), setup);
  const auto invocations = run.invocations();
  CHECK(invocations[5].time_ns == 540 * nanos_per_millisecond);
  CHECK(invocations[6].time_ns == 541 * nanos_per_millisecond);
  CHECK(invocations.back().time_ns == 1990 * nanos_per_millisecond);  // back on schedule
}

TEST_CASE("catching up is bounded, and what is given up is counted") {
  Random random(1);
  Context context;
  context.all = context.free = WorkerSet::range(0, 1);
  const Process process = 0;
  context.processes = &process;
  context.random = &random;
  auto generator = gen::stagger(100, reads(), gen::Gaps::regular, 1s);
  Offer offer = generator->poll(context);
  CHECK(offer.time_ns == 0);
  generator->accept(context, 0, offer.operation);
  context.time_ns = 20 * nanos_per_second + 3 * nanos_per_millisecond;
  offer = generator->poll(context);
  // 10 ms to 19.003 s are given up: 1,900 operations; the grid of 10 ms stays.
  CHECK(offer.skipped == 1900);
  CHECK(offer.time_ns == 19'010 * nanos_per_millisecond);
  CHECK(generator->poll(context).skipped == 1900);
  generator->accept(context, 0, offer.operation);
  offer = generator->poll(context);
  CHECK(offer.skipped == 0);
  CHECK(offer.time_ns == 19'020 * nanos_per_millisecond);
}

TEST_CASE("a schedule turns over workers evenly") {
  const auto run = simulate(gen::limit(1000, gen::stagger(100, reads())), {.clients = 10});
  std::map<Process, int> by_process;
  for (const auto& op : run.invocations())
    ++by_process[op.process];
  CHECK(by_process.size() == 10);
  for (const auto& [process, n] : by_process)
    CHECK(n > 50);
}

TEST_CASE("nested schedules: the slower one rules") {
  const auto run =
      simulate(gen::limit(101, gen::delay(10ms, gen::delay(100ms, reads()))), {.clients = 5});
  CHECK(run.invocations().back().time_ns == 10 * nanos_per_second);
}

}  // namespace gauntlet
