// A part of a register's history, compiled for the searches that know registers: values are dense
// numbers, operations are reads, writes and compare-and-sets, and what cannot matter is gone.
#pragma once

#include <cstdint>
#include <vector>

#include "checker/linearizable/part.hpp"
#include "checker/linearizable/trace.hpp"

namespace gauntlet {

enum class RegisterOp : std::uint8_t {
  read,    ///< needs `from`
  write,   ///< sets `to`
  cas,     ///< needs `from`, sets another value `to`
  differ,  ///< needs any value but `from` (a failed compare-and-set that is checked)
  none,    ///< left out
};

inline constexpr std::uint32_t never_returns = 0xFFFFFFFFu;

struct RegisterOperation {
  RegisterOp kind;
  std::uint32_t from;                     ///< value; of a write the value that it sets, as `to`
  std::uint32_t to;                       ///< value; of a read the value that it needs, as `from`
  std::uint32_t returns = never_returns;  ///< position of its return in the events
  std::uint32_t lane = 0;                 ///< of a crashed operation: its class
};

/// A class of interchangeable crashed operations: writes of a value, or compare-and-sets from one
/// to another.
struct CrashedLane {
  bool is_cas;
  std::uint32_t from, to;
  std::uint32_t members = 0;  ///< how many there are in all
};

struct RegisterPart {
  std::vector<RegisterOperation> operations;  ///< by OpId of the part
  std::vector<PartEvent> events;              ///< of the operations that were not left out
  std::vector<CrashedLane> lanes;
  std::uint32_t values = 0;
  std::uint32_t initial = 0;
  std::size_t pending_max = 0;  ///< most operations that return outstanding at once
};

/// Whether the part's model is a register throughout, and its first value is known.
bool is_register(const Part& part);

/// Requires is_register. Leaves out, beside what does nothing,
///  - compare-and-sets from a value to itself: they become reads, or go if they crashed;
///  - crashed operations that set a value which nothing needs that is still outstanding or comes
///    later. In any order, what follows such an operation up to the next write needs its value; so
///    the next is a write (or nothing), and the order is as good without it. Repeated, since a
///    crashed compare-and-set that goes needs nothing any more.
/// O(events), expected.
RegisterPart compile_register(const Part& part);

/// The part as it looks to somebody who can tell the `kept` values from each other and from the
/// rest, but not the rest from each other. An order of the part is, read with these eyes, an order
/// of the projection; so where the projection has none, the part has none. (A compare-and-set
/// within the rest becomes a read, which is weaker.) Events keep their order; `origin` receives,
/// for each event of the projection, its position in `part.events`.
RegisterPart project(const RegisterPart& part, const std::vector<std::uint32_t>& kept,
                     std::vector<std::uint32_t>& origin);

/// From the steps of a search (see RegisterSearch::best_way) to a full order: reads are placed at
/// the first moment at which the register has their value; writes that the order does not go
/// through right before the next write, or where the register has their value anyway. Operations
/// that never get their place are missing in the answer. O(operations).
std::vector<OpId> order_from_steps(const RegisterPart& part, const std::vector<Trace::Step>& steps);

}  // namespace gauntlet
