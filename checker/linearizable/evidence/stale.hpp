// The simplest and most frequent violations of a register, told at a glance: an operation that
// found a value which had been overwritten for good before it began, or which nobody ever wrote.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checker/linearizable/part.hpp"

namespace gauntlet {

struct Stale {
  OpId overwritten_by = no_op;  ///< proves another value; no_op: nobody ever wrote what was found
  OpId last_writer = no_op;     ///< the last to set the value found, if any did
  Nanos lag_ns = 0;             ///< the value had been gone for at least this long
  std::size_t versions = 0;     ///< at least so many updates, one after the other, lie between
  std::vector<std::string> explanation;
};

/// Whether `found`, a completed operation that needs a value v, cannot have found it: all
/// operations that set v returned before some other one was invoked that proves a value other than
/// v and that returned before `found` was invoked. O(operations).
std::optional<Stale> find_stale(const Part& part, OpId found);

}  // namespace gauntlet
