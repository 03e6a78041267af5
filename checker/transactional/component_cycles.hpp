// The cycles of a strongly connected component: one of each class that it has, as short as was
// found.
//
// Which classes it has is decided exactly, by components of what a class may use:
// * G0: a component of the ww edges. G1c: a wr edge within a component of the ww and wr edges.
// * Cycles without two rw in a row (which snapshot isolation forbids) exist if and only if the
//   graph of pairs (vertex, whether the last edge was an rw) has a component: an edge that is no rw
//   leads from both pairs of a vertex to (target, no), an rw only from (vertex, no) to (target,
//   yes). Such a closed walk that meets itself falls into two, one of which has no two rw in a row
//   either: of the two ways in and the two ways out at the place of meeting, an rw in goes with a
//   way out that is none; so the walk never hides that no cycle is there.
// * G-single: an rw edge within such a component whose target leads back to its source without rw;
//   asked for 64 edges at once, as bits that are passed on in topological order.
// * G2-item: what is left, as the component has some cycle.
//
// O(component) but for G-single, O(component * (rw edges / 64)), and for shortening, which ends
// after `shortening_steps_max`.
#pragma once

#include <vector>

#include "checker/transactional/cycle_class.hpp"
#include "checker/transactional/path_finder.hpp"

namespace gauntlet {

struct ClassifiedCycle {
  CycleClass cycle_class;
  Cycle cycle;  ///< of vertices of the component
};

/// At most one of each class. `graph` is strongly connected; with `needs_process`, only cycles with
/// an edge of that kind count. Stops where the effort runs out.
std::vector<ClassifiedCycle> cycles_of_component(const Graph& graph, bool needs_process,
                                                 Effort& effort);

}  // namespace gauntlet
