// Counts the steps of a search and says when its budget is used up.
#pragma once

#include <cstddef>
#include <string>

#include "base/budget.hpp"

namespace gauntlet {

/// Memory that this process holds, in bytes (resident set); 0 where the system does not say.
std::size_t process_memory_bytes();

/// One a search; not thread-safe. The clock is read every 256 steps and the process's memory every
/// 4,096, so a step may take up to about 10 microseconds and allocate up to about 1 KiB.
class Effort {
 public:
  explicit Effort(const Budget& budget) : budget_(budget) {}

  /// Counts a step; true when the search must end now.
  bool exhausted() {
    if ((steps_++ & 255u) == 0) look();
    return end_ != End::none;
  }

  /// Whether `bytes` more may be allocated at once; if not, the search must end.
  bool allows(std::size_t bytes);

  std::size_t steps() const { return steps_; }
  /// Why it ended, for `unknown`: "the time limit was reached", ...
  std::string reason() const;

 private:
  enum class End { none, time, memory, stopped };

  void look();

  const Budget& budget_;
  std::size_t steps_ = 0;
  End end_ = End::none;
};

}  // namespace gauntlet
