// Crash states: what a disk may hold whose power was lost at some point of a record.
//
// A record's changes up to that point are made once more through a Disk, which then loses its
// power. The folder holds a copy of what the recorded one held when the record began. Mohan et al.,
// "Finding Crash-Consistency Bugs with Bounded Black-Box Testing" (OSDI 2018), try the states right
// after an fsync; Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014), those
// between.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nemesis/agent/disk/disk.hpp"

namespace gauntlet::disk {

struct CrashPoint {
  std::uint64_t entries = 0;  ///< of the log that had taken place
  Loss loss = Loss::whole;
  std::uint64_t seed = 0;  ///< the same seed leaves the same state
  bool strict = false;
};

struct CrashState {
  std::string trouble;  ///< why there is none; the rest is meaningless then
  PowerLoss lost;
  std::vector<std::string> undurable;  ///< before the loss; see Disk
  std::uint64_t digest = 0;            ///< of all names, modes, owners and contents that are left
};

/// Makes the changes up to `point.entries` in `folder`, and its crash state of it. An error if the
/// log is damaged or shorter than that, or a change that took place cannot be made again.
CrashState make_crash_state(const std::string& log, const std::string& folder,
                            const CrashPoint& point);

/// Applies `entries` changes of the log to a disk whose folder is as the record found it. Empty, or
/// why that cannot be. Files that were open then stay open.
std::string replay(const std::string& log, std::uint64_t entries, Disk& disk);

/// Of names, kinds, modes, owners, sizes and contents below a folder, itself included; not of
/// times. nullopt if something cannot be read.
std::optional<std::uint64_t> digest_of_tree(const std::string& folder);

/// `gauntlet-agent disk-log ...` and `gauntlet-agent disk-replay ...`: the words behind the
/// program.
int disk_log_main(const std::vector<std::string>& words);
int disk_replay_main(const std::vector<std::string>& words);

}  // namespace gauntlet::disk
