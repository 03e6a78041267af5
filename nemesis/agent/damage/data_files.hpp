// The files of a database that is dead: listed, chosen, measured, read and written.
//
// Names come from a folder that a database writes into: links are not followed, and what is no
// regular file is left out. A file that a database has preallocated ends in zeros; what counts is
// the length up to them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace gauntlet::damage {

struct DataFile {
  std::string path;        ///< below the folder
  std::uint64_t size = 0;  ///< bytes
  std::uint64_t used = 0;  ///< bytes up to and with the last that is not zero
};

/// Regular files below `folder` whose path below it matches the shell pattern `pattern` ('*' takes
/// '/' as well) and that are not empty, sorted. Locks and pidfiles are none. At most 100,000
/// entries; reads the zeros at the files' ends.
Result<std::vector<DataFile>> data_files(const std::string& folder, const std::string& pattern);

/// "largest", "random" (the same name for the same seed) or "all" of `files`.
std::vector<DataFile> pick_files(std::vector<DataFile> files, std::string_view pick,
                                 std::uint64_t seed);

/// Bytes of a file; fewer where it ends before.
Result<std::string> read_range(const std::string& path, std::uint64_t at, std::uint64_t bytes);
/// Writes into a file that exists, and makes that durable.
Result<void> write_range(const std::string& path, std::uint64_t at, std::string_view bytes);
/// Makes a file end, or end in zeros, at `size`, durably.
Result<void> resize(const std::string& path, std::uint64_t size);
/// The length in use, as in DataFile.
Result<std::uint64_t> used_length(const std::string& path);

/// Writes a file as a whole, in one step and durably; only for the owner.
Result<void> write_whole(const std::string& path, std::string_view bytes);
/// A whole file; an error if it is longer than `bytes_max`.
Result<std::string> read_whole(const std::string& path, std::uint64_t bytes_max);
/// Makes the names in a folder durable.
Result<void> sync_folder(const std::string& path);

/// "path: No such file or directory", by errno.
Error file_error(const std::string& path);

}  // namespace gauntlet::damage
