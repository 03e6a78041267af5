// Cycles with real time, without edges for it.
//
// T1 precedes T2 in real time where T1 ended before T2 was invoked. That is an interval order, so
// at most one edge of it is needed: let a cycle use two, b -> c and d -> a, with dependencies from
// a to b and from c to d. If b ended before a was invoked, then a..b and b -> a are a cycle.
// Otherwise a was invoked before b ended, b ended before c was invoked, and d ended before a was
// invoked: so d ended before c was invoked, and c..d and d -> c are a cycle. By induction a graph
// with real time has a cycle if and only if it has one of dependencies, or some path of
// dependencies leads from `a` to `b` although b ended before a was invoked. (Elle adds the edges of
// the transitive reduction, up to one a session for each transaction, and searches through them.)
//
// So it is enough to pass on, along the dependencies, the latest invocation of all that a
// transaction depends on: O(transactions + edges).
#pragma once

#include <vector>

#include "checker/transactional/component_cycles.hpp"
#include "checker/transactional/dependency_graph.hpp"

namespace gauntlet {

/// A stretch of the history that is cyclic with real time: from an end to a later invocation that
/// comes before it by dependencies. What is disjoint is not connected: regions are the components
/// of the graph with real time that are cyclic by it.
struct Region {
  EventIndex begin = no_event;
  EventIndex end = no_event;
  /// Ascending; all that may be on a path from an invocation in the region to an end in it.
  std::vector<Txn> members;
};

/// `components` are those of all edges. Empty where the effort ran out, too.
std::vector<Region> real_time_regions(const VersionOrders& orders, const Graph& graph,
                                      const Components& components, Effort& effort);

/// A cycle of each class that the region has with one edge of real time, the shortest of its class.
/// `part` is the part of the graph between the members. The cycles are of positions in `members`.
std::vector<ClassifiedCycle> real_time_cycles(const Transactions& transactions,
                                              const Region& region, const Graph& part,
                                              Effort& effort);

}  // namespace gauntlet
