// A node that is brought back: its machine runs and answers, its disk is there, its database runs.
#pragma once

#include <string>

#include "nemesis/fault.hpp"
#include "nemesis/processes.hpp"

namespace gauntlet {

/// Resumes or starts a node's machine if need be, and waits until commands can be run on it. What
/// was done: "resumed", "started", or "" for a machine that runs. Takes 40 s at most. Does nothing
/// where the provider's machines cannot be acted upon.
Result<std::string> bring_machine_back(const Cluster& cluster, Node& node);

/// Waits until commands can be run on a node, 15 s at most.
Result<void> await_answer(Node& node);

/// Starts the database on a node, if it does not run, and waits a little for its processes. The
/// answer is empty where it has none there, or where another fault keeps it dead. Requires a
/// database.
Result<std::vector<RecordedProcess>> start_on(const FaultContext& context, Node& node);

/// The same, with our file system mounted before where it was there (`has_disk`); whether it had
/// ended and runs again.
Result<bool> start_if_ended(const FaultContext& context, Node& node, bool has_disk = false);

bool is_kept_dead(const FaultContext& context, const Node& node);
/// ", stays dead on n1 n3 for another fault", or "".
std::string told_of_kept_dead(const FaultContext& context, const std::vector<Node*>& nodes);

/// After a restart of the machine: mounts our file system again, if it was there (`has_disk`).
/// Before anything starts the database, which would find no data.
Result<void> mount_again(const Database& database, Node& node, bool has_disk);

/// Both, one after the other.
Result<std::vector<RecordedProcess>> start_on_disk(const FaultContext& context, Node& node,
                                                   bool has_disk);

}  // namespace gauntlet
