// Implementation of on_each: a bounded number of threads over the nodes.
#pragma once

#include <atomic>
#include <thread>

#include "harness/control/cluster.hpp"

namespace gauntlet {

template <class T>
std::vector<Result<T>> on_each(const std::vector<Node*>& nodes,
                               const std::function<Result<T>(Node&)>& action) {
  std::vector<Result<T>> results(nodes.size(), Result<T>(failure(ErrorKind::internal, "not run")));
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next.fetch_add(1); i < nodes.size(); i = next.fetch_add(1)) {
      results[i] = action(*nodes[i]);
    }
  };
  constexpr std::size_t threads_max = 32;
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < std::min(nodes.size(), threads_max); ++i)
    threads.emplace_back(work);
  work();
  threads.clear();
  return results;
}

}  // namespace gauntlet
