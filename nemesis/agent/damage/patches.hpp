// Patches: ranges of files as they were and as the damage leaves them.
//
// They are on disk before the first of them is applied, so that whatever happens the originals can
// be put back; and they are put back range by range, only where the file still holds what the
// damage left there: what a database has written since is never undone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace gauntlet::damage {

struct Patch {
  std::string path;           ///< below the data folder
  std::uint64_t at = 0;       ///< bytes from the file's begin
  std::uint64_t size = 0;     ///< of the file before
  std::string before, after;  ///< where `after` is shorter the file ends with it

  bool cuts() const { return after.size() < before.size(); }
  std::uint64_t end() const { return at + after.size(); }
};

/// What is saved is bounded.
constexpr std::uint64_t patch_bytes_max = 128ULL << 20U;

Result<void> save_patches(const std::string& path, const std::vector<Patch>& patches);
/// Refuses what is not whole, and paths that lead out of the folder.
Result<std::vector<Patch>> load_patches(const std::string& path);

Result<void> apply_patches(const std::string& folder, const std::vector<Patch>& patches);

/// How many of them were put back. `surely`: also where a file holds neither the one nor the other,
/// since the damage itself was cut short.
Result<std::size_t> undo_patches(const std::string& folder, const std::vector<Patch>& patches,
                                 bool surely);

}  // namespace gauntlet::damage
