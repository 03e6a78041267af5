// A folder's state, kept and put in place of what is there later.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"

namespace gauntlet::damage {

struct FolderSize {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  ///< without runs of zeros
};

/// What is kept of a folder is bounded.
constexpr std::uint64_t state_bytes_max = 1ULL << 30U;

/// Copies files, folders and links below `from` to `to`, a folder that is made, with owners and
/// modes; durably. Sockets and the like are left out. Refuses more than 1 GiB or 100,000 entries.
Result<FolderSize> copy_state(const std::string& from, const std::string& to);

/// Makes what is below `folder` the same as below `state`, durably: files are written over, what is
/// not in the state is removed. The folder itself stays, since something may be mounted there.
Result<FolderSize> put_state(const std::string& state, const std::string& folder);

/// How many files of the one are absent in the other or have other contents, both ways.
Result<std::uint64_t> files_that_differ(const std::string& one, const std::string& other);

}  // namespace gauntlet::damage
