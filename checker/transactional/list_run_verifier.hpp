// The independent verifier of runs of a database of lists: knows the definitions of the levels,
// reads the history itself, and shares nothing with the search.
//
// A run shows that a level holds: the begins and ends of all transactions in an order in which a
// database of that level would have answered as it did. A transaction's appends are there from its
// end on, behind those of who ended before. What it reads is what was there at its begin, and its
// own appends behind that. With
//   serial     nothing happens between its begin and its end
//   snapshot   nobody who ended in between appended to what it appends to
//   prefix     no more than that
//   committed  each read shows what was there at some end before it
//   parallel   it sees who appended what it read, who appended before it where it appends, and all
//              that these saw; and it reads the appends of all whom it sees, no others
// and where sessions or real time matter, who ended before another was invoked ends before the
// other begins.
#pragma once

#include <vector>

#include "base/error.hpp"
#include "checker/transactional/register_verifier.hpp"

namespace gauntlet {

/// Read-only after construction. The history outlives it.
class ListRunVerifier {
 public:
  explicit ListRunVerifier(const History& history) : history_(history) {}

  /// O(operations + elements of all lists read); of parallel snapshot isolation
  /// O(transactions^2 / 64) more, and ErrorKind::resource where that is too much.
  Result<void> run(OrderLevel level, const std::vector<RunMoment>& moments) const;

 private:
  struct Step {
    bool appends;
    ValueId key;
    ValueId value;
  };

  bool is_transaction(EventIndex i) const;
  bool committed(EventIndex invocation) const;
  std::vector<Step> steps(EventIndex invocation) const;
  Result<void> check_moments(OrderLevel level, const std::vector<RunMoment>& moments) const;
  Result<void> check_time(Timing timing, const std::vector<RunMoment>& moments) const;
  Result<void> replay(Sight sight, const std::vector<RunMoment>& moments) const;
  Result<void> replay_parallel(const std::vector<RunMoment>& moments) const;

  const History& history_;
};

}  // namespace gauntlet
