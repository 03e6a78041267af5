// The independent verifier of commit orders that show the levels below snapshots, and of cycles
// that rule them out: knows their definitions (weak_levels.hpp), reads the history itself, and
// shares nothing with the search. In a cycle
//
//   session  both are of one process, and the first ended before the second was invoked
//   reads    the second read of the key what the first, alone of the others, wrote to it last
//   forced   the reader read the key from `to`; `from` wrote the key too, and the path of session
//            and reads leads from it to the reader; so `from` was committed before `to`
//   initial  the initial version was before all
//   version  the reader read a list of the key in which something of `from` stands before all that
//            `to` appended, or that shows the one and not the other, though `to` happened:
//            it committed, or somebody read something that it appended
//
// A list counts as a register that holds its last element; a transaction that reads it behind
// appends of its own read what is in front of them.
#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "checker/checker.hpp"
#include "checker/transactional/weak_levels.hpp"

namespace gauntlet {

/// As WeakEdge, with transactions named by their invocations; no_event: the initial version.
struct WeakClaim {
  WeakEdge::Kind kind = WeakEdge::Kind::session;
  EventIndex from = no_event, to = no_event;
  ValueId key = ValueId::nil;
  EventIndex reader = no_event;
  std::vector<WeakClaim> path = {};
};

/// Read-only after construction. The history outlives it.
class WeakVerifier {
 public:
  /// O(operations).
  WeakVerifier(const History& history, const Value& initial);

  /// Accepts a cycle if each edge follows from the history as the level has it. O(certificate), and
  /// O(operations) for each version that nobody read of a transaction that did not end.
  Result<void> cycle(WeakLevel level, bool with_sessions, std::span<const WeakClaim> edges) const;
  /// Accepts an order of transactions, by invocation, if each reads what it must when they commit
  /// in it. O(operations * writes of a key), of causal O(transactions^2 / 64) more;
  /// ErrorKind::resource where that is too much.
  Result<void> order(WeakLevel level, bool with_sessions, std::span<const EventIndex> order) const;

 private:
  struct Step {
    bool writes;
    bool is_of_list;  ///< of a write: an append
    ValueId key;
    ValueId value;  ///< of a list that was read: its last element before those of its transaction
    ValueId whole;  ///< as the history has it
  };
  std::vector<Step> steps(EventIndex invocation) const;
  bool ended_well(EventIndex invocation) const;
  bool follows(WeakLevel level, bool with_sessions, const WeakClaim& edge) const;
  bool leaves(EventIndex writer, ValueId key, ValueId value) const;
  bool read(EventIndex reader, ValueId key, EventIndex writer, std::size_t& at) const;
  struct Ordered;
  Result<Ordered> order_reads(bool with_sessions, std::span<const EventIndex> order) const;
  Result<void> check_lists(std::span<const EventIndex> order) const;
  bool forces(WeakLevel level, bool with_sessions, const WeakClaim& edge) const;
  bool was_seen(EventIndex t) const;
  bool shows(const WeakClaim& edge) const;

  const History& history_;
  const Value initial_;
  /// Who tried to write the value to the key.
  std::map<std::pair<ValueId, ValueId>, std::vector<EventIndex>> writers_;
};

}  // namespace gauntlet
