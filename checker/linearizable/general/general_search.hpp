// What the two general searches have in common, for those who run them in turns or side by side.
#pragma once

#include <memory>

#include "checker/linearizable/algorithm.hpp"
#include "checker/linearizable/general/configuration_set.hpp"

namespace gauntlet {

/// A search for an order of a part's operations that can be interrupted and resumed. Not
/// thread-safe, but it may be moved from thread to thread between two calls.
class GeneralSearch {
 public:
  /// `exhausted`: the budget is used up.
  enum class State { running, finished, dead, exhausted };

  virtual ~GeneralSearch() = default;

  /// Goes on for about so many steps. O(outstanding operations) each.
  virtual State advance(std::size_t steps_max) = 0;
  /// What it has found out: valid when `finished`, invalid when `dead`, else unknown.
  virtual Judgement judgement() = 0;
};

/// Part and budget outlive the search.
std::unique_ptr<GeneralSearch> make_breadth_search(const Part& part, const Budget& budget,
                                                   const GeneralRules& rules = {});
std::unique_ptr<GeneralSearch> make_depth_search(const Part& part, const Budget& budget,
                                                 const GeneralRules& rules = {});

/// Runs one to its end.
Judgement run_alone(GeneralSearch& search);

}  // namespace gauntlet
