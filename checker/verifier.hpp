// The independent verifier: checks the evidence for a verdict on linearizability, by means so
// simple that they can be read in one sitting. It shares no code with the searches; all that it
// trusts is the history and the model.
#pragma once

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
  /// Only what comes from this event on is looked at, from whatever value the register then has;
  /// operations under way at this event may have happened before it, later, or never. no_event: the
  /// whole history from its initial value. Only for models that are registers (Model::access).
  EventIndex from = no_event;
  std::vector<EventIndex> operations;  ///< invocations of those that are kept
  /// Of these, the ones taken as plain writes of the value that they leave behind. In a register
  /// that is weaker: where the operation was legal, so is the write, and the value is the same.
  std::vector<EventIndex> as_writes;
};

/// Accepts an order if it holds every operation that happened and none that did not, each once,
/// respects real time and is legal for the model. An error says what is wrong. O(operations).
Result<void> verify_order(const History& history, const Model& model, const CheckOptions& options,
                          const OrderCertificate& certificate);

/// Accepts a violation if leaving out the other operations is sound and no order of those kept
/// exists, which it finds out by trying them all. Leaving out operations is sound if they never
/// change the state, or, in a register, if nothing that is kept needs a value that they set.
/// An error of kind `resource` means that there is too much to try. O(operations of the history)
/// and up to `orders_max` steps.
Result<void> verify_violation(const History& history, const Model& model,
                              const CheckOptions& options, const ViolationCertificate& certificate,
                              std::size_t orders_max = 1'000'000);

}  // namespace gauntlet
