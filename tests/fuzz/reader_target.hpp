// What the fuzz targets of the readers have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/history/reading_invariants.hpp"

namespace gauntlet {

/// Ends the process if an invariant is broken, which is how libFuzzer is told.
inline void require_empty(const std::string& broken) {
  if (broken.empty()) return;
  std::fprintf(stderr, "broken: %s\n", broken.c_str());
  std::abort();
}

inline int fuzz_reader(const std::uint8_t* data, std::size_t size, HistoryFormat format) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  require_empty(broken_invariant(text, format));
  return 0;
}

}  // namespace gauntlet
