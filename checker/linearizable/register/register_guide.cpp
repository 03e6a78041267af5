#include "checker/linearizable/register/register_guide.hpp"

namespace gauntlet {

bool RegisterGuide::improve(Effort& effort) {
  RegisterSearchOptions options;
  options.unlimited = true;
  options.costs = prices_.costs();
  options.end = end_;
  const auto search = make_register_search(part_, options);
  constexpr unsigned widenings_max = 3;
  for (unsigned widened = 0;;) {
    const auto state = search->advance(effort, 1u << 30);
    if (state == RegisterSearchState::finished) break;
    if (state != RegisterSearchState::stuck || widened++ == widenings_max) return false;
    search->widen();
  }
  return prices_.learn(search->best_way());
}

}  // namespace gauntlet
