// The file system as the kernel sees it: FUSE on one side, a Disk and its rules on the other.
#pragma once

#include <string>

namespace gauntlet::disk {

/// Mounts on `mount_point`, which all users may use then, and serves until it is unmounted or told
/// to end by SIGTERM, SIGINT or SIGHUP; then unmounts. Answers the exit code of the process.
///
/// Commands by the socket: "add ID KIND NAME=VALUE..." (rules.hpp), "remove ID", "remove-all",
/// "status", "power-failure whole|pages|sectors SEED"; "record LOG MEBIBYTES" begins a record of
/// all changes (disk.hpp), "mark WORDS" puts a mark into it, "record-end". They are answered by "ok
/// ..." or "error ...".
int serve_file_system(const std::string& mount_point, const std::string& backing,
                      const std::string& socket_path, bool strict);

/// `gauntlet-agent disk...`: the words behind the program.
int disk_main(int argc, char** argv);

}  // namespace gauntlet::disk
