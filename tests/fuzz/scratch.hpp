// A folder of a fuzz target's own, in memory.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

namespace gauntlet {

/// The same at every call; removed when the process ends in its usual way.
inline const std::string& scratch_folder() {
  struct Folder {
    std::string path = "/dev/shm/gauntlet-fuzz-" + std::to_string(getpid());
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() { std::filesystem::remove_all(path); }
  };
  static const Folder folder;
  return folder.path;
}

}  // namespace gauntlet
