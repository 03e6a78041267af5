// Puts a cycle or an observation into words and into a certificate that the verifier is shown.
#pragma once

#include <string>
#include <vector>

#include "checker/transactional/cycle_class.hpp"
#include "checker/transactional/cycle_verifier.hpp"
#include "checker/transactional/observations.hpp"
#include "checker/transactional/version_orders.hpp"
#include "checker/verdict.hpp"

namespace gauntlet {

/// Read-only; the version orders outlive it. Each answer costs O(its transactions and their keys'
/// lists).
class Evidence {
 public:
  explicit Evidence(const VersionOrders& orders);

  CycleCertificate certificate(const Cycle& cycle) const;
  ObservationCertificate certificate(const Observation& observation) const;
  /// Keys that the certificate is about, for the verifier.
  std::vector<ValueId> keys_of(const CycleCertificate& certificate) const;

  /// The anomaly, not verified yet.
  Anomaly describe(const CycleCertificate& certificate) const;
  Anomaly describe(const ObservationCertificate& certificate) const;

 private:
  EdgeClaim claim(Txn from, Txn to, Dependency kind) const;
  EdgeClaim claim_ww(Txn from, Txn to) const;
  EdgeClaim claim_wr(Txn from, Txn to) const;
  EdgeClaim claim_rw(Txn from, Txn to) const;
  EventIndex observer_of(Txn t) const;
  Txn transaction_at(EventIndex invocation) const;
  std::string transaction_text(EventIndex invocation) const;
  std::string list_text(std::span<const ValueId> list, ValueId around) const;
  std::string read_text(Txn t, ValueId key, ValueId element, bool shown) const;
  std::string edge_text(const CycleCertificate& certificate, std::size_t i) const;

  const VersionOrders& orders_;
  const Transactions& all_;
  const History& history_;
  const Values& values_;
};

}  // namespace gauntlet
