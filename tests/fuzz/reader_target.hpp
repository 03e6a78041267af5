// What the fuzz targets of the readers have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/fuzz/require.hpp"
#include "tests/history/reading_invariants.hpp"

namespace gauntlet {

inline int fuzz_reader(const std::uint8_t* data, std::size_t size, HistoryFormat format) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string broken = broken_invariant(text, format);
  require(broken.empty(), broken);
  return 0;
}

}  // namespace gauntlet
