// Violations that are a matter of counting: too many operations for any trying of orders, but easy
// to tell and to verify.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checker/linearizable/part.hpp"
#include "checker/verifier.hpp"

namespace gauntlet {

/// A register whose values V were found more often, each time after another value, than operations
/// could have brought it there; the last to find one is `found`. Tries V = the value that it found,
/// and with it those from which crashed compare-and-sets lead to it. O(operations) for each.
std::optional<CountCertificate> find_too_few(const Part& part, OpId found);

/// The operations that could have brought the register to one of the certificate's values from
/// another, once for each period.
std::vector<EventIndex> entering(const Part& part, const CountCertificate& certificate);

struct OutOfBounds {
  BoundsCertificate certificate;
  OpId since = no_op;
  bool is_below = false;               ///< the value is less than the least possible
  std::string limit;                   ///< the bound that it is beyond
  std::vector<EventIndex> operations;  ///< the reads, and additions between if they are few
};

/// A counter whose value at `read` is out of the bounds that the additions since the beginning, or
/// since one of the reads before, set. O(operations * reads tried).
std::optional<OutOfBounds> find_out_of_bounds(const Part& part, OpId read);

/// A lock or semaphore of which more was acquired, when `last` returned, than may have been
/// released, or the other way round.
struct WrongHolds {
  HoldsCertificate certificate;
  bool acquired_too_much = false;
  std::size_t did = 0;  ///< acquisitions (or releases) that had returned
  std::size_t may = 0;  ///< releases (or acquisitions) that had been invoked
  /// Acquisitions that had returned and that their processes had not begun to release, latest
  /// first; at most a few.
  std::vector<OpId> holders;
};

/// O(operations).
std::optional<WrongHolds> find_wrong_holds(const Part& part, OpId last);

}  // namespace gauntlet
