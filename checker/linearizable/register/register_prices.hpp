// Prices for crashed operations: a way to show that there are too few of them without counting them
// one lane against the other.
//
// In an order up to some event, each lane is used at most as often as crashed operations of it have
// been invoked until then. So whatever prices p >= 0 the lanes are given, an order spends at most
// the sum over the lanes of p times the number invoked, at every event. A search in which each lane
// has no end of members, but every use has its price, and which drops what has spent more than
// that, therefore keeps every order; if it runs out of configurations there is none. It need not
// count: of two configurations that agree otherwise the one that has spent less dominates.
// (Lagrangian relaxation: Geoffrion 1974; Fisher, "The Lagrangian relaxation method", Management
// Science 1981.)
//
// Which prices prove it is a matter of trial: what the cheapest way uses more often than there are
// operations becomes dearer, what it leaves over cheaper, by less each time (a multiplicative form
// of the subgradient method, Fisher 1981, section 4). No prices may prove it although there is no
// order, since prices cannot tell a way that uses too much of one lane from a mixture of ways that
// use too much of neither.
#pragma once

#include <cstdint>
#include <vector>

#include "checker/linearizable/register/register_part.hpp"

namespace gauntlet {

/// Not thread-safe.
class CrashedPrices {
 public:
  /// How prices rise and fall: by amounts or in proportion. Neither is the better everywhere.
  enum class Rule { add, multiply };

  /// Starts with one price for all. `end`: what is invoked from this event on does not count.
  CrashedPrices(const RegisterPart& part, std::size_t end, Rule rule);
  /// Keeps the prices, for another end. O(end).
  void aim(const RegisterPart& part, std::size_t end);

  /// Whole numbers in the proportions of the prices, of which the highest is `highest`.
  std::vector<std::int32_t> prices(std::int32_t highest) const;
  /// As costs for a beam: about the standard cost on average, never nothing.
  std::vector<std::int32_t> costs() const;

  /// Changes the prices by what the cheapest way at these prices uses. False if it uses no lane
  /// more often than there are members at the end, so that there is nothing to learn.
  bool learn(const std::vector<Trace::Step>& way);

 private:
  Rule rule_;
  std::vector<double> weights_;
  std::vector<std::int32_t> supply_;
  int tries_ = 0;
};

}  // namespace gauntlet
