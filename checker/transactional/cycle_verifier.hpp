// The independent verifier of dependency cycles and of the other anomalies of lists: knows their
// definitions and the history, and shares nothing with the search.
//
// All that it takes for granted is that a list is only ever appended to. So a read that shows `a`
// but not `b`, or `b` behind `a`, says that `a` was there first; and a read that lacks an element
// came before its append.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "history/history.hpp"

namespace gauntlet {

/// An append, named by its transaction's invocation.
struct AppendClaim {
  EventIndex transaction = no_event;
  ValueId element = ValueId::nil;
};

/// Why one transaction came before the next.
struct EdgeClaim {
  std::string kind;  ///< "ww", "wr", "rw", "process", "realtime"
  ValueId key = ValueId::nil;
  ValueId before = ValueId::nil;  ///< ww, wr: appended by the first
  ValueId after = ValueId::nil;   ///< ww, rw: appended by the second
  EventIndex witness = no_event;  ///< ww: invocation of a transaction whose read tells
};

struct CycleCertificate {
  std::string name;                      ///< "G-single-realtime", ...
  std::vector<EventIndex> transactions;  ///< invocations, each leading to the next
  std::vector<EdgeClaim> edges;
  /// Of each transaction that did not certainly commit: the invocation of one that read what it
  /// appended; no_event for the others.
  std::vector<EventIndex> observers;
  std::size_t among = 0;  ///< Cycle::among; no part of the claim, and not verified
};

struct ObservationCertificate {
  std::string name;  ///< as in observations.hpp
  ValueId key = ValueId::nil;
  EventIndex first = no_event;   ///< invocation of the transaction at fault
  std::size_t first_micro = 0;   ///< place of the micro-operation in it
  EventIndex second = no_event;  ///< of what it contradicts
  std::size_t second_micro = 0;
};

/// Read-only after construction. The history outlives it.
class TransactionVerifier {
 public:
  /// `keys`: those that the certificates to come are about, with all keys of transactions that did
  /// not certainly commit. O(operations).
  TransactionVerifier(const History& history, const std::vector<ValueId>& keys);

  /// Accepts a cycle if every transaction in it happened, every edge follows from the history, and
  /// the edges are what the name says. Otherwise the error tells what is wrong. O(certificate).
  Result<void> cycle(const CycleCertificate& certificate) const;
  /// Likewise for anomalies that are no cycles. O(operations) at most.
  Result<void> observation(const ObservationCertificate& certificate) const;

 private:
  const History& history_;
  /// How many transactions of the history try to append the element to the key.
  std::map<std::pair<ValueId, ValueId>, std::size_t> appends_;
};

}  // namespace gauntlet
