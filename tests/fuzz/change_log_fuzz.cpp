// Of a record of changes that was damaged or cut off nothing is read but what was written first,
// and no path that leads out of the folder.
#include <fuzzer/FuzzedDataProvider.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "nemesis/agent/disk/change_log.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/scratch.hpp"

namespace {

using namespace gauntlet;
using namespace gauntlet::disk;

Change drawn(FuzzedDataProvider& draws) {
  Change change;
  change.kind = static_cast<ChangeKind>(draws.ConsumeIntegralInRange<std::uint32_t>(1, 17));
  change.file = draws.ConsumeIntegral<std::uint32_t>();
  change.flags = draws.ConsumeIntegral<std::uint32_t>();
  change.at = draws.ConsumeIntegral<std::int64_t>();
  change.bytes = draws.ConsumeIntegral<std::int64_t>();
  change.path = draws.ConsumeRandomLengthString(16);
  change.target = draws.ConsumeRandomLengthString(16);
  change.data = draws.ConsumeRandomLengthString(64);
  return change;
}

bool same(const Change& a, const Change& b) {
  return a.kind == b.kind && a.file == b.file && a.flags == b.flags && a.at == b.at &&
         a.bytes == b.bytes && a.path == b.path && a.target == b.target && a.data == b.data;
}

bool leads_out(const std::string& path) {
  return path.starts_with("/") || ("/" + path + "/").find("/../") != std::string::npos ||
         path.find('\0') != std::string::npos;
}

/// All that is read; `path` is read to its end or to where it is damaged.
std::vector<Change> read_all(const std::string& path) {
  ChangeLogReader reader(path);
  std::vector<Change> all;
  while (auto change = reader.next()) {
    require(!leads_out(change->path), "a path leads out");
    require(change->kind == ChangeKind::make_symlink || !leads_out(change->target),
            "a new name leads out");
    require(!name_of(change->kind).empty(), "a kind has no name");
    (void)escaped(change->path);
    all.push_back(std::move(*change));
  }
  require(reader.entries() == all.size(), "entries are miscounted");
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string path = scratch_folder() + "/log";
  FuzzedDataProvider draws(data, size);
  if (draws.ConsumeBool()) {
    std::ofstream(path, std::ios::binary) << draws.ConsumeRemainingBytesAsString();
    (void)read_all(path);
    return 0;
  }
  std::vector<Change> written;
  {
    ChangeLogWriter writer(path, 1 << 20);
    for (int left = draws.ConsumeIntegralInRange(0, 8); left > 0; --left) {
      written.push_back(drawn(draws));
      writer.append(written.back());
    }
    require(writer.trouble().empty() && writer.entries() == written.size(), "not written");
  }
  const auto bytes = std::filesystem::file_size(path);
  const auto end = draws.ConsumeIntegralInRange<std::uint64_t>(0, bytes);
  std::filesystem::resize_file(path, end);
  if (end > 0 && draws.ConsumeBool()) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(
        static_cast<std::streamoff>(draws.ConsumeIntegralInRange<std::uint64_t>(0, end - 1)));
    file.put(static_cast<char>(draws.ConsumeIntegral<std::uint8_t>()));
  }
  const auto read = read_all(path);
  require(read.size() <= written.size(), "more is read than was written");
  for (std::size_t i = 0; i < read.size(); ++i)
    require(same(read[i], written[i]), "an entry is read as another");
  return 0;
}
