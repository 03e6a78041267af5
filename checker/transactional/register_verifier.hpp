// The independent verifier of evidence about transactions on registers: knows the definitions of
// the levels, reads the history itself, and shares nothing with the search.
//
// A run shows that a level holds: the begins and ends of all transactions in an order in which a
// database of that level would have answered as it did.
//
// A proof by cases shows that a level fails. In every run two transactions that write a key finish
// in one of two orders, and each read has one writer; so a case may be split in two by an order of
// writers, or by who wrote what a read shows if several wrote the value. A case is closed by a
// cycle of dependencies that the level forbids, where each edge follows from the history or from
// what the case supposes:
//   wr        the second read what the first wrote
//   ww        both write a key; the case supposes their order, or it is known of keys
//             (CheckOptions::key_order) since one ended before the other was invoked
//   rw        the first read a version that the second's comes behind: the initial one, or one
//             whose order before the second's is supposed or known likewise
//   process   of one process, one ended before the other was invoked
//   realtime  one ended before the other was invoked
// What a level forbids: serializability every cycle (Adya 1999); snapshot isolation those without
// two rw in a row, parallel snapshot isolation those with at most one rw (Cerone and Gotsman, JACM
// 2018); prefix consistency those where no rw follows upon a ww or rw, since it orders commits of
// writers but lets them read from before (in the graph of begins and ends that leaves a cycle).
#pragma once

#include <cstdint>
#include <vector>

#include "checker/checker.hpp"
#include "checker/transactional/cycle_verifier.hpp"
#include "checker/transactional/polygraph.hpp"

namespace gauntlet {

/// The begin or the end of a transaction, named by its invocation.
struct RunMoment {
  EventIndex transaction;
  bool is_end;
};

enum class RegisterEdgeKind : std::uint8_t { wr, ww, rw, process, realtime };

struct RegisterEdge {
  RegisterEdgeKind kind;
  EventIndex from;
  EventIndex to;
  ValueId key = ValueId::nil;    ///< of wr, ww, rw
  EventIndex writer = no_event;  ///< rw: of the version that `from` read; no_event: initial
};

struct ProofCase {
  enum class Kind : std::uint8_t { cycle, order, source };
  Kind kind = Kind::cycle;
  std::vector<RegisterEdge> cycle;  ///< each leads to where the next begins
  ValueId key = ValueId::nil;       ///< order: of two writers; source: of a read
  EventIndex first = no_event;      ///< order: in the first part it comes first; source: reader
  EventIndex second = no_event;
  std::vector<EventIndex> writers;   ///< source: one for each part; no_event: the initial version
  std::vector<std::uint32_t> parts;  ///< places of the cases that follow, all behind this one
};

/// The first case is the whole.
struct CaseProof {
  OrderLevel level;
  std::vector<ProofCase> cases;
};

/// Read-only after construction. The arguments outlive it.
class RegisterVerifier {
 public:
  RegisterVerifier(const History& history, const CheckOptions& options)
      : history_(history), options_(options) {}

  /// Accepts a run of a database of the level. O(operations). Of parallel snapshot isolation: an
  /// order in which transactions commit, so that one that sees no more than it must (what it read
  /// from, earlier writers of what it writes, and what these see) reads what it read. There a value
  /// that is read must not be repeated. O(transactions^2 / 64).
  Result<void> run(OrderLevel level, const std::vector<RunMoment>& moments) const;
  /// Accepts a proof that no run of the level gives the history. O(operations) and the proof's
  /// size.
  Result<void> proof(const CaseProof& proof) const;
  /// Accepts that a read shows what it must not: "G1a", "G1b", "future read", "thin-air read" or
  /// "internal". O(operations).
  Result<void> observation(const ObservationCertificate& claim) const;

 private:
  struct Step {
    bool writes;
    ValueId key;
    ValueId value;
  };
  class Cases;

  bool is_transaction(EventIndex i) const;
  OperationType fate(EventIndex invocation) const;
  std::vector<Step> all_steps(EventIndex invocation) const;
  /// Those that say something.
  std::vector<Step> steps(EventIndex invocation) const;
  bool is_initial(ValueId value) const;
  /// What it says it read first of the key before it wrote it.
  const ValueId* external_read(EventIndex invocation, ValueId key, ValueId& out) const;
  bool writes(EventIndex invocation, ValueId key, ValueId& last) const;
  Result<void> run_parallel(OrderLevel level, const std::vector<RunMoment>& moments) const;
  Result<void> check_time(OrderLevel level, const std::vector<RunMoment>& moments) const;

  const History& history_;
  const CheckOptions& options_;
};

}  // namespace gauntlet
