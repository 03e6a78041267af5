// The independent verifier: checks the evidence for a verdict on linearizability, by means so
// simple that they can be read in one sitting. It shares no code with the searches; all that it
// trusts is the history and the model.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "checker/models/model.hpp"
#include "history/history.hpp"

namespace gauntlet {

/// Evidence that the operations on a key are linearizable: their order.
struct OrderCertificate {
  ValueId key = ValueId::nil;
  std::vector<EventIndex> order;  ///< invocations, in the order in which they take effect
};

/// Evidence that they are not: a few operations that cannot be ordered, and why looking at them
/// alone is enough.
struct ViolationCertificate {
  ValueId key = ValueId::nil;
  /// Only the part of the history that ends with this event (the completion of one of the
  /// operations) is looked at; operations that complete later may or may not have happened.
  EventIndex until = no_event;
  /// Only what comes from this event on is looked at, from whatever state the object then has;
  /// operations under way at this event may have happened before it, later, or never. no_event: the
  /// whole history from its initial state. Only for registers (Model::access) and for models that
  /// know from which states to try (StateSpace::anywhere).
  EventIndex from = no_event;
  std::vector<EventIndex> operations;  ///< invocations of those that are kept
  /// Of these, the ones taken as plain writes of the value that they leave behind. In a register
  /// that is weaker: where the operation was legal, so is the write, and the value is the same.
  std::vector<EventIndex> as_writes;
};

/// Evidence that a register's values were found more often than set: operations that need one of
/// `values`, each in a period of its own, and operations that prove another value in between. The
/// first of these, if it returned before all that need were invoked, is where the counting begins.
struct CountCertificate {
  ValueId key = ValueId::nil;
  EventIndex until = no_event;  ///< as in ViolationCertificate
  std::vector<ValueId> values;
  std::vector<EventIndex> needers, separators;  ///< invocations, in order
};

/// Evidence that a counter's value is out of the bounds that the additions set.
struct BoundsCertificate {
  ValueId key = ValueId::nil;
  EventIndex read = no_event;   ///< invocation
  EventIndex since = no_event;  ///< invocation of an earlier read; no_event: the initial value
};

/// Evidence that more of a lock or semaphore was acquired than released, or the other way round.
struct HoldsCertificate {
  ValueId key = ValueId::nil;
  EventIndex until = no_event;  ///< as in ViolationCertificate
};

/// Checks certificates against a history. Read-only after construction: any number of threads may
/// use it. The arguments outlive it.
class Verifier {
 public:
  /// Lists the operations by key: O(events), 4 bytes an event.
  Verifier(const History& history, const Model& model, const CheckOptions& options);

  /// Accepts an order if it holds every operation that happened and none that did not, each once,
  /// respects real time and is legal for the model. An error says what is wrong; one of kind
  /// `timeout`, that the budget was used up. O(operations on the key).
  Result<void> order(const OrderCertificate& certificate) const;

  /// Accepts a violation if leaving out the other operations is sound and no order of those kept
  /// exists, which it finds out by trying them all. Leaving out an operation is sound if it never
  /// changes the state; if all operations about its subject (Model::subject) are left out; if it
  /// may not have happened and enough others stay that do the same; or, in a register, if nothing
  /// that remains needs the value that it sets: then whatever follows it in an order is a write,
  /// which may as well follow what came before it. An error of kind `resource` means that there is
  /// too much to try. O(operations on the key) and up to `steps_max` steps.
  Result<void> violation(const ViolationCertificate& certificate,
                         std::size_t steps_max = 1'000'000) const;

  /// Accept the evidence if it holds all that it claims, and fewer operations than needed brought
  /// the register to the values; no choice of additions makes the sum; or the acquisitions that
  /// happened and the releases that may have do not fit together. O(operations on the key),
  /// and O(needers * needers * log separators).
  Result<void> too_few(const CountCertificate& certificate) const;
  Result<void> out_of_bounds(const BoundsCertificate& certificate) const;
  Result<void> wrong_holds(const HoldsCertificate& certificate) const;

 private:
  struct Claim;
  class Orders;

  std::optional<Claim> claim(EventIndex invoked) const;
  static std::size_t equals_of(const Claim& omitted, const std::vector<Claim>& kept,
                               EventIndex from);
  std::size_t matter_max(const std::vector<Claim>& kept, EventIndex from) const;
  std::optional<Claim> claim_within(const ViolationCertificate& certificate,
                                    EventIndex invoked) const;
  Result<ValueSet> sound_omissions(const std::vector<Claim>& kept,
                                   const ViolationCertificate& certificate) const;

  const History& history_;
  const Model& model_;
  Budget budget_;
  ModelContext context_;
  std::vector<std::uint16_t> functions_;  // by the history's function ids: the model's
  boost::unordered_flat_map<ValueId, std::vector<EventIndex>> invocations_;  // by key
};

}  // namespace gauntlet
