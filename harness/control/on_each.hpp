// Implementation of on_each: a bounded number of threads over the nodes.
#pragma once

#include <algorithm>
#include <atomic>
#include <thread>

#include "harness/control/cluster.hpp"

namespace gauntlet {

/// Calls `action(i)` for each i below `count`, at once (a thread each, at most 32), waits for all,
/// and returns the results in order.
template <class T, class Action>
std::vector<Result<T>> in_parallel(std::size_t count, const Action& action) {
  std::vector<Result<T>> results(count, Result<T>(failure(ErrorKind::internal, "not run")));
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      results[i] = action(i);
    }
  };
  constexpr std::size_t threads_max = 32;
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < std::min(count, threads_max); ++i)
    threads.emplace_back(work);
  work();
  threads.clear();
  return results;
}

template <class T>
std::vector<Result<T>> on_each(const std::vector<Node*>& nodes,
                               const std::function<Result<T>(Node&)>& action) {
  return in_parallel<T>(nodes.size(), [&](std::size_t i) { return action(*nodes[i]); });
}

}  // namespace gauntlet
