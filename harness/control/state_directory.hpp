// Where gauntlet keeps what outlives a run: its key pair, locks, the host keys of clusters.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace gauntlet {

/// $HOME, else what the system knows.
std::filesystem::path home_directory();

/// $GAUNTLET_HOME, else $XDG_STATE_HOME/gauntlet, else ~/.local/state/gauntlet. It may not exist.
std::filesystem::path state_directory();

/// Folder `name` (which may have slashes) of the state directory, made if absent with mode 0700.
Result<std::filesystem::path> private_directory(std::string_view name);

/// Replaces `path` by a file with this content and mode: readers see the old one or the new one.
Result<void> write_file(const std::filesystem::path& path, std::string_view content, int mode);

}  // namespace gauntlet
