// How a fuzz target says that something is broken.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace gauntlet {

/// Ends the process if it is not so, which is how libFuzzer is told.
inline void require(bool is_so, const std::string& what) {
  if (is_so) return;
  std::fprintf(stderr, "broken: %s\n", what.c_str());
  std::abort();
}

}  // namespace gauntlet
