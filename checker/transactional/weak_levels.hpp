// The levels below snapshots, for registers with known writers: monotonic atomic view, read atomic
// and causal, each with and without the order of sessions.
//
// A list is judged as a register that holds its last element, whose versions came in an order that
// is known (list_versions.hpp): a commit order must agree with that, too.
//
// Each level says of three transactions that t2 was committed before t1 where t3 read a key from t1
// although it had seen t2, which wrote the key too (Biswas and Enea, "On the complexity of checking
// transactional consistency", OOPSLA 2019, figure 2). They differ in what seen means:
//   monotonic   t3 read from t2 before it read the key (their read committed)
//   fractured   t3 read from t2, or t2 is before it in its session (read atomic)
//   causal      session order and reads-from lead from t2 to t3 (causal)
// A history whose reads agree with themselves and with their writers satisfies a level if and only
// if these edges, reads-from and (with sessions) session order have no cycle: any order of all that
// agrees with an acyclic graph is a commit order. The initial version is a transaction before all.
//
// The edges are found by the method of AWDIT (Møldrup and Pavlogiannis, PLDI 2025): those of
// reading from t2 by walking over the smaller of what t2 wrote and t3 read, O(n^1.5); of a session
// only the last transaction that wrote the key, as the others are before it; of the causal past the
// last of each session within the vector clock of t3, O(n * sessions). An edge between transactions
// that are in causal order already adds nothing and is left out.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checker/transactional/register_transactions.hpp"

namespace gauntlet {

enum class WeakLevel : std::uint8_t { monotonic_atomic_view, read_atomic, causal };

/// The consistency models that are such a level. Those with sessions come first: where one holds
/// the one without does.
struct WeakModel {
  std::string_view name;
  WeakLevel level;
  bool with_sessions;
};
inline constexpr std::array weak_models = {
    WeakModel{"transactional-causal", WeakLevel::causal, true},
    WeakModel{"strong-session-read-atomic", WeakLevel::read_atomic, true},
    WeakModel{"strong-session-monotonic-atomic-view", WeakLevel::monotonic_atomic_view, true},
    WeakModel{"causal", WeakLevel::causal, false},
    WeakModel{"read-atomic", WeakLevel::read_atomic, false},
    WeakModel{"monotonic-atomic-view", WeakLevel::monotonic_atomic_view, false},
};

/// How t3 had seen t2; ordered: a level uses the kinds up to its own.
enum class Seen : std::uint8_t { monotonic, fractured, causal };

/// Why one transaction comes before another in a cycle.
struct WeakEdge {
  enum class Kind : std::uint8_t { session, reads, forced, initial, version };
  Kind kind = Kind::session;
  Txn from = no_txn, to = no_txn;  ///< no_txn: the initial version
  KeyId key = 0;                   ///< of what was read, or of the versions
  Txn reader = no_txn;             ///< forced: t3; version: who read the list that shows it
  Seen seen = Seen::monotonic;
  std::vector<WeakEdge> path = {};  ///< forced: from `from` to `reader`
};

/// Two versions of a key of which one is known to come behind the other.
struct VersionStep {
  Txn from, to;
  KeyId key;
  Txn reader;  ///< who read it
};

struct WeakCycle {
  std::string pattern;  ///< Plume's name: "FracturedReadCO", ...
  std::vector<WeakEdge> edges;
};

struct WeakJudgement {
  bool decided = false;  ///< false where the effort or the bound ran out
  bool holds = false;
  std::vector<Txn> order;         ///< where it holds: a commit order of all that count
  std::vector<WeakCycle> cycles;  ///< where it does not hold: one a pattern, the shortest found
};

/// `registers` has no repeated values, and no read that contradicts itself or its writer.
/// `known`: what is known of the order of versions.
WeakJudgement judge_weak(const RegisterTransactions& registers, WeakLevel level, bool with_sessions,
                         Effort& effort, std::span<const VersionStep> known = {});

}  // namespace gauntlet
