#include <doctest/doctest.h>

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "harness/run/barging_lock.hpp"
#include "harness/run/idle_queue.hpp"
#include "harness/run/log_histogram.hpp"

namespace gauntlet {

TEST_CASE("the lock excludes, under every kind of contention") {
  for (const int threads : {2, 8, 50}) {
    CAPTURE(threads);
    BargingLock lock;
    long counter = 0;
    const int rounds = 40'000 / threads;
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t) {
      all.emplace_back([&, t] {
        Random random(static_cast<std::uint64_t>(t));
        for (int i = 0; i < rounds; ++i) {
          const std::lock_guard guard(lock);
          const long before = counter;
          if (random.chance(0.001)) std::this_thread::sleep_for(std::chrono::microseconds(50));
          if (random.chance(0.01)) std::this_thread::yield();
          counter = before + 1;
        }
      });
    }
    for (auto& thread : all)
      thread.join();
    CHECK(counter == static_cast<long>(rounds) * threads);
  }
}

TEST_CASE("nobody starves while others take the lock over and over") {
  BargingLock lock;
  std::atomic<bool> stop{false};
  std::vector<std::thread> greedy;
  for (int t = 0; t < 4; ++t) {
    greedy.emplace_back([&] {
      while (!stop) {
        const std::lock_guard guard(lock);
        const Nanos until = monotonic_now() + 20 * nanos_per_microsecond;
        while (monotonic_now() < until)
          spin_pause();
      }
    });
  }
  int turns = 0;
  const Nanos until = monotonic_now() + 30 * nanos_per_second;
  while (turns < 20 && monotonic_now() < until) {
    const std::lock_guard guard(lock);
    ++turns;
  }
  stop = true;
  for (auto& thread : greedy)
    thread.join();
  CHECK(turns == 20);
}

TEST_CASE("the idle queue is first in, first out, and anyone can leave") {
  IdleQueue queue;
  CHECK(queue.empty());
  CHECK(queue.front() == no_worker);
  for (const Worker w : {3, WorkerSet::nemesis, 0, 7})
    queue.push_back(w);
  queue.remove(0);
  queue.remove(0);
  queue.remove(3);
  CHECK(queue.front() == WorkerSet::nemesis);
  CHECK(queue.after(WorkerSet::nemesis) == 7);
  CHECK(queue.after(7) == no_worker);
  CHECK(!queue.contains(3));
  queue.push_back(3);
  CHECK(queue.contains(3));
  CHECK(queue.after(7) == 3);
}

TEST_CASE("quantiles of a histogram are right to 4 %") {
  LogHistogram histogram;
  CHECK(histogram.quantile(0.5) == 0);
  Random random(9);
  std::vector<Nanos> all;
  for (int i = 0; i < 20'000; ++i) {
    const Nanos value = static_cast<Nanos>(random.below(1ULL << random.below(40)));
    all.push_back(value);
    histogram.record(value);
  }
  histogram.record(-5);
  all.push_back(0);
  std::sort(all.begin(), all.end());
  for (const double q : {0.0, 0.01, 0.5, 0.9, 0.99, 0.999}) {
    CAPTURE(q);
    const auto exact =
        static_cast<double>(all[static_cast<std::size_t>(q * static_cast<double>(all.size()))]);
    const auto got = static_cast<double>(histogram.quantile(q));
    CHECK(got >= exact);
    CHECK(got <= exact * 1.04 + 1);
  }
  CHECK(histogram.quantile(1.0) == all.back());
  CHECK(histogram.max() == all.back());
  CHECK(histogram.count() == all.size());
}

}  // namespace gauntlet
