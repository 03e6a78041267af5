// Tells what the crashed pops of a stack took, given an order of all that is known.
#pragma once

#include <optional>
#include <vector>

#include "base/effort.hpp"
#include "checker/linearizable/part.hpp"

namespace gauntlet {

/// An operation of an order. Moments are positions in the part's events; what never returns does so
/// at 0xFFFFFFFF.
struct PlacedOp {
  enum class Kind : std::uint8_t { push, pop, empty_pop };

  std::uint64_t rank;  ///< the order is by these
  OpId op;
  std::uint32_t invoked, returned;
  Kind kind;

  friend bool operator<(const PlacedOp& a, const PlacedOp& b) { return a.rank < b.rank; }
};

/// A pop that has not returned.
struct OpenPop {
  OpId op = no_op;
  std::uint32_t invoked = 0xFFFFFFFFu;
};

/// A push that has returned, of a value that no pop that has returned answered.
struct Unpopped {
  OpId op;
  std::uint32_t invoked, returned;
  OpenPop own;  ///< a pop that will answer the value, if there is one
};

/// Adds the pushes, and as many of the pops as they need, to a legal order in which every push has
/// its pop. Each push goes where, of the places that real time allows, the value that it lands on
/// is popped last (or, on the empty stack, the next empty pop comes last); it must be gone just
/// before. So each has a deadline that does not depend on the others, and pops, in the order of
/// their invocation, are given out to the earliest deadlines first. The order that comes out is
/// checked, step by step; nothing if it is not legal, or there are too few pops, or the effort is
/// exhausted. O(n log n + places looked at).
std::optional<std::vector<OpId>> place_unpopped(const std::vector<PlacedOp>& order,
                                                std::vector<Unpopped> pushes,
                                                const std::vector<OpenPop>& pops, Effort& effort);

}  // namespace gauntlet
