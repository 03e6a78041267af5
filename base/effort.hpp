// Counts the steps of a search (or of reading, cutting, verifying) and says when its budget is used
// up.
//
// Memory is what the process holds (its resident set), since that is what a limit is meant to
// protect the machine from. What was freed may stay with the allocator, in the arenas of the
// threads, and would count for ever; so before memory counts as used up, the allocator is asked to
// give back what it can (malloc_trim). Growing a large block needs the old and the new one at once:
// `allows` must be asked before that.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/budget.hpp"

namespace gauntlet {

/// Memory that this process holds, in bytes (resident set); 0 where the system does not say.
std::size_t process_memory_bytes();

/// What `Effort::reason` says when memory ran out.
inline constexpr std::string_view memory_reason = "the memory limit was reached";

/// One a search; not thread-safe. The budget outlives it. The clock is read every 256 steps and the
/// process's memory every 4,096, so a step may take up to about 10 microseconds and allocate up to
/// about 1 KiB.
class Effort {
 public:
  explicit Effort(const Budget& budget) : budget_(budget) {}
  explicit Effort(Budget&&) = delete;

  /// Counts a step; true when the search must end now.
  bool exhausted() {
    if ((steps_++ & 255u) == 0) look();
    return end_ != End::none;
  }

  /// Counts nothing: looks at the clock and the memory now. True when the search must end.
  bool exhausted_now();

  /// Whether `bytes` more may be allocated at once; if not, the search must end.
  bool allows(std::size_t bytes);

  std::size_t steps() const { return steps_; }
  /// Why it ended, for `unknown`: "the time limit was reached", ...
  std::string reason() const;
  bool out_of_memory() const { return end_ == End::memory; }
  bool stopped() const { return end_ == End::stopped; }

 private:
  enum class End { none, time, memory, steps, stopped };

  void look();
  bool is_over_memory(std::size_t more_bytes) const;

  const Budget& budget_;
  std::size_t steps_ = 0;
  End end_ = End::none;
};

}  // namespace gauntlet
