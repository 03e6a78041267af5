#include "tests/fuzz/reader_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string line(reinterpret_cast<const char*>(data), size);
  const std::string difference = gauntlet::parser_difference(line);
  gauntlet::require(difference.empty(), difference);
  return 0;
}
