// The file system of ours below a database's data folder: mounted, told, unmounted.
//
// gauntlet-agent disk (nemesis/agent/disk/) serves it as a daemon of its own, since the database
// must outlive a lost channel. The data are in a folder beside the mount point.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/control/cluster.hpp"
#include "harness/control/node.hpp"
#include "nemesis/agent/disk/rule_status.hpp"

namespace gauntlet {

/// Mounts it on `folder` (absolute; made if absent), with what the backing folder holds. The
/// database is stopped. Idempotent; replaces a mount whose daemon is gone.
Result<void> mount_data_disk(Node& node, const std::string& folder);

/// Where the data are while it is mounted on `folder`.
std::string data_disk_backing(const std::string& folder);
/// Of its daemon, on a node.
std::string data_disk_socket();

/// Ends it, and removes data and all; the database is stopped. Succeeds if it is not there.
Result<void> remove_data_disk(Node& node, const std::string& folder);

/// Whether it is mounted there, serving or not.
Result<bool> data_disk_mounted(Node& node, const std::string& folder);

/// What the file system answers to a command (nemesis/agent/disk/file_system.hpp), without "ok".
/// ErrorKind::remote where none is mounted or it refuses. `words` hold no blanks.
Result<std::string> data_disk_command(Node& node, const std::string& words);

/// Its rules whose ids begin with `prefix`; none where no file system of ours serves.
Result<std::vector<disk::RuleStatus>> data_disk_rules(Node& node, std::string_view prefix);

/// Removes these, and answers what they were. Reads back that they are gone.
Result<std::vector<disk::RuleStatus>> remove_data_disk_rules(Node& node, std::string_view prefix);

/// Why faults on the disk cannot be had with this cluster: no node has our file system.
std::optional<std::string> no_data_disk(const Cluster& cluster);

}  // namespace gauntlet
