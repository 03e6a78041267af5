// Decides whether transactions on registers satisfy a level that is defined by an order of moments:
// serializability, snapshot isolation, prefix consistency and read committed, each without or with
// sessions or real time. (Read committed as Adya has it, PL-2: an order in which each reads what
// was committed before it.)
//
// In turn: a cycle of what is known refutes; a run that goes through proves; saturation forces what
// follows and may show a cycle; a run that respects that may go through; what is left open is
// chosen by the solver. The problem is NP-complete (Papadimitriou 1979; Biswas and Enea 2019), the
// steps before the solver are near-linear with sessions or time.
#pragma once

#include <string>
#include <vector>

#include "checker/transactional/polygraph.hpp"

namespace gauntlet {

enum class Decided : std::uint8_t { holds, fails, open };

struct OrderDecision {
  Decided decided = Decided::open;
  std::string reason;  ///< why it is open
  std::string method;  ///< what decided
  /// If it holds: all moments of the transactions in the order of a run. Transaction t begins as 2t
  /// and ends as 2t + 1 (of the footprints); if they are one moment, they follow each other.
  std::vector<std::uint32_t> run;
  /// If it fails: transactions (of the footprints, ascending) that seem to be enough for it to
  /// fail.
  std::vector<Txn> involved;
};

OrderDecision decide_order(const Footprints& all, OrderLevel level, Effort& effort);

}  // namespace gauntlet
