// How values on a stack can be nested, from the times of their pushes and pops.
//
// Of each value four moments are given, in rising order: its push is invoked, returns, its pop is
// invoked, returns. Between the return of the push and the invocation of the pop the value is on
// the stack for certain; call that its core, and the time from the first moment to the last its
// hull. (A value whose pop is invoked before its push returns can be pushed and popped at one
// moment, between all others; it is no item here.)
//
// Let C be a set of values whose cores together cover an interval [L, R] without a hole.
//  - In an order of C the stack is never empty in between: if it were, with values pushed and
//  popped
//    before and others after, consider a moment between the two; cores of the former end before it,
//    those of the latter begin after it, so there is a hole. So the value that is pushed first is
//    popped last, and it is around all others: its push takes effect before L, where another
//    value's push may return, and its pop after R; so its hull contains [L, R].
//  - Any value v in C whose hull contains [L, R] will do: an order of the others remains legal with
//    the push of v before and its pop behind everything, and all others return after L, or at L if
//    theirs is the push that does, and are invoked before R or at R. And if C has an order, the
//    others have one: leave v out.
//  - Sets that do not touch can be ordered one after another: whatever takes effect in one returns
//    after its L and is invoked before its R.
// So: take out of C all values whose hulls contain [L, R], and go on with each of the sets without
// holes into which the rest falls. If there is no such value C has no order, and neither has any
// history that holds these values; else all have one, nested as they were taken out.
//
// Both L and R only draw together as values are taken out, so "the hull begins before L" and "ends
// after R", once true, stay true, and each is found once by a search tree over the values in the
// order of L: O(n log n) in all. Source: the criterion is that of Abdulla, Atig, et al., "Efficient
// linearizability monitoring for sets, stacks, queues and multisets", PLDI 2025; the proof for open
// ends, the tree and the place of the violation are ours.
#pragma once

#include <cstdint>
#include <vector>

#include "base/effort.hpp"

namespace gauntlet {

/// A value's moments: positions in the part's events, all different within an operation's ends.
struct StackItem {
  std::uint32_t push_invoked, push_returned, pop_invoked, pop_returned;
  std::uint32_t value;  ///< whose it is
  // Answers, for those that were taken out: of which interval, and the how-manieth.
  std::uint32_t left = 0, right = 0, turn = 0;
};

struct StackNesting {
  bool ended = false;                ///< the effort was exhausted; the rest means nothing
  std::vector<std::uint32_t> stuck;  ///< values of all sets that have no order
};

/// Nests the items, which it sorts. O(n log n).
StackNesting nest(std::vector<StackItem>& items, Effort& effort);

}  // namespace gauntlet
