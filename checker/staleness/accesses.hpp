// The writes and reads of a register, as the measures of staleness see them: when each write had
// certainly taken effect, and which write each read may have read.
//
// The measures relax what a read may answer (an older value than the current one) and nothing
// else: a write takes effect at one moment between its ends, and a read answers a value that some
// write had given the register before the read ended. Therefore
//  - a write has taken effect by its own return, and, where nobody else writes its value, by the
//    return of any read of that value; the earlier of the two is its `end`;
//  - a read that returned before anybody had begun to write its value has no explanation, however
//    stale: it is counted apart and takes no part in the measures;
//  - a write that crashed and whose value no completed read found may not have happened: its end is
//    `never`, and it may stand behind everything else;
//  - a crashed read has answered nothing and is left out.
// A compare-and-set that succeeded is a read of what it found and a write of what it set, and the
// two need not be one moment: the measures are those of the history with both in its place. So they
// say how stale its read was, and nothing of two that succeeded on the same value. (Even one from a
// value to itself is a write: if it found an old value, it brought that back.) One that crashed is
// a crashed write. One that failed, where it is taken to prove that the value differed, is left
// out.
#pragma once

#include <cstdint>
#include <vector>

#include "base/effort.hpp"
#include "checker/linearizable/part.hpp"

namespace gauntlet::staleness {

/// A position in the part's events.
using Moment = std::int32_t;
inline constexpr Moment never = 0x7FFFFFFF;
inline constexpr Moment before_all = -1;

/// Where a table by moment that begins with before_all has it.
inline std::size_t slot(Moment moment) {
  return static_cast<std::size_t>(std::int64_t{moment} + 1);
}

/// Position of a write in the order of invocations; 0 is the initial value.
using WriteId = std::uint32_t;

struct Write {
  Moment begin;  ///< its invocation; before_all of the initial value
  Moment end;    ///< by then it has certainly taken effect
  std::uint32_t value;
};

struct Read {
  Moment begin, end;
  std::uint32_t value;
  /// The latest end among the writes that it may have read: from then on the value had certainly
  /// been written for the last time. `never` if one of them may have been the last at any time.
  Moment last_end;
};

struct Accesses {
  std::vector<Write> writes;    ///< by begin
  std::vector<Read> reads;      ///< those with an explanation, by end
  std::size_t unexplained = 0;  ///< reads of what nobody had begun to write
  bool unique_values = true;    ///< nothing is written twice, the initial value included
  /// Nothing but reads and writes: the measures are those of the history as it is.
  bool is_plain = true;
  std::vector<ValueId> values;  ///< by the numbers above
  std::vector<Nanos> times_ns;  ///< by moment; empty where the history has none that ascend
  Moment moments = 0;           ///< how many there are
};

/// Requires is_register(part). Ends early, with an answer that means nothing, when `effort` is
/// exhausted. O(operations) expected.
Accesses accesses_of(const Part& part, Effort& effort);

/// How many operations `accesses_of` would take for reads. O(operations).
std::size_t count_reads(const Part& part);

/// For each read a write of its value that began before it ended. Where values are unique, there is
/// but one. Otherwise by a rule of thumb: the last that had returned before, unless that was
/// overwritten and another was under way. O(operations).
std::vector<WriteId> ascribe(const Accesses& accesses, Effort& effort);

/// A write and the reads that are ascribed to it.
struct Zone {
  WriteId write;
  Moment begin;            ///< the write's invocation
  Moment first_return;     ///< the write has taken effect by then
  Moment last_invocation;  ///< of all operations in the zone; at least `begin`
};

/// The zones of all writes that must have happened, by first_return. Where values are unique, they
/// are those of every order, and what is found with them is exact. Otherwise an order that suits
/// the ascription suits the history, so that what is found is an upper bound. O(operations).
std::vector<Zone> zones_of(const Accesses& accesses, const std::vector<WriteId>& ascribed);

}  // namespace gauntlet::staleness
