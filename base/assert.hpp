// Assertions that stay on in release builds: a wrong verdict costs more than a branch.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace gauntlet {

[[noreturn]] inline void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr,
               "gauntlet: internal error: %s:%d: %s does not hold; please report this with the "
               "history that caused it\n",
               file, line, condition);
  std::fflush(nullptr);
  std::abort();
}

}  // namespace gauntlet

/// Ends the process with file, line and condition if `condition` is false. Only for our own bugs.
#define GAUNTLET_ASSERT(condition) \
  ((condition) ? (void)0 : ::gauntlet::assertion_failed(#condition, __FILE__, __LINE__))
