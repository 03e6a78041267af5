// How bad an invalid register is: how far its reads lagged behind, in time and in versions.
//
// Three measures, each with what is certain about it:
//  - per read, how long before the read began, and how many versions ago, its value had certainly
//    been overwritten (read_lags.hpp): exact for the read by itself, a lower bound for the history;
//  - delta: by how much time all reads' beginnings would have to move for the history to be
//    linearizable (delta_atomicity.hpp);
//  - k: how many of the last values a read may answer for it to be so (k_atomicity.hpp).
// Delta and k are exact or bounds, and say which: exact where no value is written twice, except
// that for k > 2 the two bounds may differ. Reads of values that nobody had begun to write have no
// lag; they are counted, and the rest is measured without them. A compare-and-set that succeeded
// stands for a read and a write (accesses.hpp), so with them a history may be invalid and yet have
// k = 1: staleness is not what ails it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checker/linearizable/part.hpp"
#include "checker/verdict.hpp"

namespace gauntlet {

/// At least `least`; at most `most`, where anything is known.
template <class T>
struct Bounds {
  T least{};
  std::optional<T> most;

  bool is_exact() const { return most == least; }
};

struct Staleness {
  std::size_t reads = 0;           ///< completed operations that found a value
  std::size_t unexplained = 0;     ///< of these, those of a value that nobody had begun to write
  std::size_t stale = 0;           ///< of these, those certainly overwritten before they began
  std::uint32_t versions_max = 0;  ///< behind which the stalest was
  bool has_times = false;          ///< else the next two mean nothing
  std::vector<Nanos> lags_ns;      ///< of the stale reads, in no order
  Bounds<Nanos> delta_ns;          ///< see the file's comment
  Bounds<std::uint32_t> k;         ///< versions
  std::optional<bool> is_two_atomic;
};

/// Measures a part of a register's history. Requires is_register(part). Nothing when the budget
/// does not suffice. `validity`: what is known of the part; a valid one is not looked at, all its
/// lags are 0. O(operations * log(operations)), see the measures; and where values are written
/// twice, to find better bounds the part is judged as often as `judged_max` operations in all allow
/// (moved_reads.hpp).
std::optional<Staleness> measure_staleness(const Part& part, Validity validity,
                                           std::size_t judged_max, const Budget& budget);

/// The figures of all parts together and of the worst of them, as docs/formats.md describes the
/// entry "staleness" of the statistics; nil where the parts are no registers. `verdicts` are those
/// of the parts, in their order. Takes 2 seconds at most and says what it left out.
Value staleness_statistics(const std::vector<Part>& parts, const std::vector<PartVerdict>& verdicts,
                           const Budget& budget);

}  // namespace gauntlet
