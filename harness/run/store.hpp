// The store: where runs leave what they recorded, one directory a run.
//
//   store/etcd-register/20260131T120000Z/   a run: its test's name, the UTC time of its start
//       plan.toml plan.json                 what was asked for, as flags and as it was understood
//       history.jsonl                       all operations, appended as they happen
//       faults.jsonl                        the fault ledger: what `gauntlet heal` needs
//       clocks.jsonl                        how far each node's clock was off, once a second
//       controller.log                      phases, and every command that was run on a node
//       nodes/n1/...                        the database's logs
//       run.json results.json report.html   facts about the run, the verdict
//   store/etcd-register/latest -> 20260131T120000Z
//   store/latest -> etcd-register/20260131T120000Z
//
// One run at a time holds a store (store/.lock), since two runs on one machine disturb each other's
// timing; whoever wants two gives them two stores.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "harness/control/file_lock.hpp"

namespace gauntlet {

/// A run's own directory, and the lock on its store until it is destroyed. Read-only after
/// `create`.
class RunDirectory {
 public:
  /// Makes store `store` if it is absent, waits up to `wait` for its lock (0: refuses at once with
  /// ErrorKind::conflict, naming the holder), makes the directory and points the `latest` links at
  /// it. Characters of `name` that do not belong in a file's name become '_'. `stop`, if given,
  /// ends the waiting.
  static Result<std::unique_ptr<RunDirectory>> create(const std::string& store,
                                                      std::string_view name,
                                                      std::chrono::nanoseconds wait = {},
                                                      const std::atomic<bool>* stop = nullptr);

  /// Absolute.
  const std::string& directory() const { return directory_; }
  std::string path(std::string_view file) const { return directory_ + "/" + std::string(file); }

 private:
  RunDirectory(FileLock lock, std::string directory)
      : lock_(std::move(lock)), directory_(std::move(directory)) {}
  FileLock lock_;
  std::string directory_;
};

/// The directory of a run that a user named: a path, "latest" (or ""), a test's name for its latest
/// run, or NAME/TIME within the store. ErrorKind::usage if there is none, with what there is.
Result<std::string> find_run(const std::string& store, std::string_view run);

/// All runs of a store as NAME/TIME, oldest first; empty if there is no such store.
std::vector<std::string> list_runs(const std::string& store);

}  // namespace gauntlet
