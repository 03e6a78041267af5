// Tries to run the transactions of a polygraph one moment after another, without going back: takes
// the first moment that may come next, in the order of time (or of sessions, step by step).
//
// A moment may come next if all that must come before it did, and
//  - an end, if nobody has still to read what it overwrites;
//  - the begin of a transaction under snapshot isolation, if no transaction that is under way
//    writes what it writes;
//  - the begin of a transaction whose read may show one of several versions, if one is there.
// An order of all moments is a proof that the level holds. If it gets stuck that means nothing, but
// what it found is a good order to start a search from.
//
// O((vertices + arcs + waits) log) time.
#pragma once

#include <vector>

#include "checker/transactional/polygraph.hpp"

namespace gauntlet {

/// Which moment comes next where several may.
enum class Urge : std::uint8_t {
  invoked,    ///< begins by invocation, ends by completion; if they are one, by invocation
  completed,  ///< if they are one, by completion
  sessions,   ///< whose session is least far
};

struct CommitOrder {
  bool finished = false;      ///< false where the effort ran out
  bool complete = false;      ///< whether `order` is a run of the database
  std::vector<Vertex> order;  ///< topological for all arcs, complete or not
};

/// `forced`: more arcs; they and the polygraph's have no cycle.
CommitOrder try_commit_order(const Polygraph& graph, const std::vector<Arc>& forced, Urge urge,
                             Effort& effort);

}  // namespace gauntlet
