// Puts a cycle against a level below snapshots into words and into a certificate.
#pragma once

#include <vector>

#include "checker/transactional/weak_levels.hpp"
#include "checker/transactional/weak_verifier.hpp"
#include "checker/verdict.hpp"

namespace gauntlet {

std::vector<WeakClaim> claims_of(const Transactions& transactions,
                                 const std::vector<WeakEdge>& edges);

/// As the verifier takes an order.
std::vector<EventIndex> invocations_of(const Transactions& transactions,
                                       const std::vector<Txn>& order);

/// The anomaly, not verified yet, without what it rules out.
Anomaly describe(const History& history, const std::string& pattern,
                 const std::vector<WeakClaim>& cycle);

}  // namespace gauntlet
