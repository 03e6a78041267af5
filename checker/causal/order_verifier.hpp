// The independent verifier of evidence about models without real time. It knows the definitions,
// reads the history itself and shares no code with the algorithms.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "checker/causal/derivation.hpp"
#include "checker/causal/order_models.hpp"
#include "checker/checker.hpp"
#include "history/history.hpp"

namespace gauntlet::causal {

/// Read-only after construction: any number of threads may use it. The arguments outlive it.
class OrderVerifier {
 public:
  /// O(events).
  OrderVerifier(const History& history, const CheckOptions& options);

  /// Which models a derivation refutes; an error says which step does not follow. O(its size).
  ///
  /// What each model needs, by the definitions (Bouajjani et al., POPL 2017, section 2; PRAM:
  /// Lipton and Sandberg 1988; sequential: Lamport 1979), and hence which edges it forces:
  ///  - CO, the closure of session order and reads-from, is a strict order in all but PRAM.
  ///  - sequential: one order of all operations agrees with CO, and each read reads from the last
  ///    write of its key before it. Every rule's edge is in that order.
  ///  - causal memory: for each process p an order of the writes and p's operations that are in
  ///    the past of p agrees with CO and explains p's reads. Every rule's edge is in it, as long as
  ///    the reads that explain conflicts, and those of initial values, are p's. (`overwritten` is
  ///    about a read's place and would be too; the algorithms do not use it there, and it is not
  ///    accepted.)
  ///  - PRAM: the same, where the order agrees with session order only and p's reads read from
  ///    where they read: no hop over what another process read.
  ///  - causal convergence: one order of writes agrees with CO, and each read reads from the last
  ///    write of its key, by that order, in its CO-past: conflicts whose path is in CO.
  ///  - causal: each read by itself: a cycle of CO and one conflict with a path in CO, or CO and
  ///    one initial edge.
  ///  - the session guarantees (session_guarantees.hpp): one order of the writes, in which a write
  ///    that is in the set of a read is before the one that the read found; for writes follow
  ///    reads, also one that a session read before another that it wrote later.
  Result<OrderModels> refutes(const Derivation& derivation) const;

  /// Accepts that a read answered what no write that may have happened wrote and no key held at the
  /// start. That refutes every model. O(1).
  Result<void> thin_air(EventIndex read) const;

  /// Accepts an order of all operations as the explanation that sequential consistency needs.
  /// O(operations).
  Result<void> sequential_order(std::span<const EventIndex> order) const;

  /// Accepts an order of all operations as the explanation that causal convergence needs: it agrees
  /// with session order and reads-from, and each read finds the last write of its key, by that
  /// order, in its causal past. O(operations * sessions * log), given up with an error of kind
  /// `resource` where operations * sessions would be more than `work_max`.
  Result<void> converging_order(std::span<const EventIndex> order, std::size_t work_max) const;

  /// Accepts that the operations on the keys given have no sequential order, which it finds out by
  /// trying all; an error of kind `resource` means that there is too much to try. Up to
  /// `steps_max` steps.
  Result<void> no_sequential_order(std::span<const ValueId> keys, std::size_t steps_max) const;

 private:
  struct Claim {
    EventIndex invocation;
    Process process;
    ValueId key;
    ValueId value;
    bool is_write;
    bool certain;  // not crashed
  };
  class Orders;
  class Replay;

  const Claim* claim(EventIndex invocation) const;
  bool is_initial(ValueId value) const;
  bool reads_from(const Claim& read, const Claim& write) const;
  Result<void> check_edge(const Derivation& derivation, std::uint32_t position) const;
  Result<void> check_path(const Derivation& derivation, std::span<const std::uint32_t> path,
                          EventIndex from, EventIndex to, std::uint32_t before) const;
  OrderModels refuted_by(const Derivation& derivation) const;
  bool is_own_write(const Derivation& derivation, std::span<const std::uint32_t> path) const;
  bool is_found_before(const Derivation& derivation, std::span<const std::uint32_t> path) const;
  bool by_sets(const Derivation& derivation,
               bool (OrderVerifier::*leads_to_set)(const Derivation&,
                                                   std::span<const std::uint32_t>) const) const;
  bool by_views(const Derivation& derivation, const std::vector<bool>& used, bool pram) const;

  const History& history_;
  NilRead nil_read_;
  Value initial_;
  std::vector<Claim> claims_;  // ascending invocations
  // How many writes, crashed ones too, write a value to a key.
  boost::unordered_flat_map<std::pair<ValueId, ValueId>, std::uint32_t> writers_;
};

}  // namespace gauntlet::causal
