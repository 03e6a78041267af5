// Puts what is wrong with transactions on registers into words, and into certificates that the
// verifier is shown.
#pragma once

#include <set>
#include <string>

#include "checker/transactional/register_transactions.hpp"
#include "checker/transactional/register_verifier.hpp"
#include "checker/verdict.hpp"

namespace gauntlet {

/// What a single read shows that it must not.
struct ReadAnomaly {
  std::string_view name;
  MicroId at;     ///< the read
  MicroId other;  ///< what it contradicts, or whose it is; no_micro for thin air
};

/// Read-only; what it refers to outlives it.
class RegisterEvidence {
 public:
  explicit RegisterEvidence(const RegisterTransactions& registers);

  ObservationCertificate certificate(const ReadAnomaly& anomaly) const;
  /// Not verified yet. `rules_out` is left to the caller for proofs.
  Anomaly describe(const ReadAnomaly& anomaly) const;
  Anomaly describe(const CaseProof& proof) const;

 private:
  class Words;

  std::string name_of(const CaseProof& proof) const;
  std::string transaction_text(EventIndex invocation, const std::set<ValueId>& keys) const;
  Value edge_value(const RegisterEdge& edge) const;
  Value certificate_of(const CaseProof& proof) const;

  const Transactions& all_;
  const History& history_;
  const Values& values_;
};

}  // namespace gauntlet
