// Learns what crashed operations are worth, so that a beam search knows which ones to save.
//
// A beam keeps the configurations that have spent least. As long as all crashed operations cost the
// same, it may use up those of a lane that is needed later for lack of any other. So where it is
// stuck, a beam for which there is no end of crashed operations finds a cheap way through; what
// that way uses too often becomes dearer (register_prices.hpp), and so on, until the costs make
// even a beam that need not save keep to the numbers, nearly.
#pragma once

#include "checker/linearizable/register/register_any_search.hpp"
#include "checker/linearizable/register/register_prices.hpp"

namespace gauntlet {

/// Not thread-safe.
class RegisterGuide {
 public:
  /// `part` outlives this object. `end`: an event in front of which the ways end.
  RegisterGuide(const RegisterPart& part, std::size_t end, CrashedPrices::Rule rule)
      : part_(part), end_(end), prices_(part, end, rule) {}

  void aim(std::size_t end) {
    end_ = end;
    prices_.aim(part_, end);
  }
  const CrashedPrices& prices() const { return prices_; }
  std::vector<std::int32_t> costs() const { return prices_.costs(); }

  /// Finds one way and learns from it. False if there is nothing to learn any more, or the effort
  /// is exhausted.
  bool improve(Effort& effort);

 private:
  const RegisterPart& part_;
  std::size_t end_;
  CrashedPrices prices_;
};

}  // namespace gauntlet
