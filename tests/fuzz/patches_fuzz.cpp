// Patches that are read do not lead out of their folder and are written as they were read; one that
// is put in and taken out leaves the file as it was, or does not touch it.
#include <fuzzer/FuzzedDataProvider.h>

#include <fstream>
#include <iterator>

#include "nemesis/agent/damage/patches.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/scratch.hpp"

namespace {

using namespace gauntlet;
using namespace gauntlet::damage;

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void read_patches(const std::string& text) {
  const std::string path = scratch_folder() + "/patches";
  std::ofstream(path, std::ios::binary) << text;
  const auto patches = load_patches(path);
  if (!patches) return;
  for (const Patch& patch : *patches) {
    require(("/" + patch.path + "/").find("/../") == std::string::npos, "a path leads out");
    require(!patch.path.empty() && patch.path[0] != '/', "a path is absolute or empty");
    require(patch.path.find('\0') == std::string::npos, "a path is another to the system");
    require(patch.end() >= patch.at && patch.end() <= patch.size, "a patch is not in its file");
  }
  require(save_patches(path, *patches).has_value(), "not saved again");
  const auto again = load_patches(path);
  require(again && again->size() == patches->size(), "not read again");
}

void put_in_and_out(FuzzedDataProvider& draws) {
  const std::string file = scratch_folder() + "/file";
  const std::string before = draws.ConsumeRandomLengthString(64) + "x";
  Patch patch;
  patch.path = "file";
  patch.size = before.size();
  patch.at = draws.ConsumeIntegralInRange<std::size_t>(0, before.size() - 1);
  patch.before = before.substr(patch.at);
  if (draws.ConsumeBool()) {
    patch.after = patch.before.substr(
        0, draws.ConsumeIntegralInRange<std::size_t>(0, patch.before.size() - 1));
  } else {
    patch.after = draws.ConsumeBytesAsString(patch.before.size());
    patch.before.resize(patch.after.size());
  }
  std::ofstream(file, std::ios::binary) << before;
  require(apply_patches(scratch_folder(), {patch}).has_value(), "not put in");
  const std::string damaged = content(file);
  const auto undone = undo_patches(scratch_folder(), {patch}, draws.ConsumeBool());
  require(undone.has_value() && *undone <= 1, "not taken out");
  require(content(file) == (*undone == 1 ? before : damaged), "the file is another");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider draws(data, size);
  if (draws.ConsumeBool()) {
    put_in_and_out(draws);
  } else {
    read_patches(draws.ConsumeRemainingBytesAsString());
  }
  return 0;
}
