#include "checker/linearizable/parallel.hpp"

#include <algorithm>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace gauntlet {

void in_parallel(std::size_t count, unsigned threads, std::atomic<int>& spare,
                 const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  const auto take_all = [&] {
    for (std::size_t i = next++; i < count; i = next++)
      work(i);
    ++spare;
  };
  const std::size_t wanted = std::max<std::size_t>(1, std::min<std::size_t>(threads, count));
  spare += static_cast<int>(std::max<std::size_t>(threads, 1) - wanted);
  std::vector<std::thread> others;
  try {
    others.reserve(wanted - 1);
    while (others.size() + 1 < wanted)
      others.emplace_back(take_all);
  } catch (const std::system_error&) {
    // Too many threads for this system or its limits: the others take over.
  } catch (const std::bad_alloc&) {
    // Likewise.
  }
  take_all();
  for (std::thread& other : others)
    other.join();
}

}  // namespace gauntlet
