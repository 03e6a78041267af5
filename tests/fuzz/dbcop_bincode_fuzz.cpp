#include "tests/fuzz/reader_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return gauntlet::fuzz_reader(data, size, gauntlet::HistoryFormat::dbcop_bincode);
}
