// A run of a database whose every change to its data folder is recorded.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/run/database.hpp"
#include "nemesis/crash/record_index.hpp"

namespace gauntlet::crash {

/// Where a record is kept on its node, beside the data folder.
struct RecordPlace {
  std::string data;  ///< the database's data folder

  std::string folder() const { return data + ".crash"; }
  std::string base() const { return folder() + "/base"; }  ///< the data when the record began
  std::string log() const { return folder() + "/log"; }    ///< all changes since
  /// Crash states are made here, in memory where that can be had: starts are many, and what they
  /// fsync is of no use. The data folder is a link to `state` meanwhile.
  std::string states() const { return data + ".states"; }
  std::string state() const { return states() + "/data"; }
};

struct RecordingOptions {
  std::int64_t operations = 100;
  int clients = 1;  ///< at once: more of them meet where a database commits in groups
  std::chrono::nanoseconds operation_timeout = std::chrono::seconds(2);
  const std::atomic<bool>* stop = nullptr;  ///< ends it early
};

struct Recording {
  std::string function;  ///< what was done: "add", "write"
  std::int64_t invoked = 0, acknowledged = 0;
  std::uint64_t bytes = 0;  ///< of the log
  RecordIndex index;
  std::vector<std::string> notes;
};

/// The database runs on its data disk (nemesis/data_disk.hpp), alone on the one node of its
/// cluster. Stops it, keeps a copy of its data, starts it again, and has clients carry out the
/// operations, each marked when it begins and when it is acknowledged. At the end the database is
/// killed, the disk is gone, and the record is in its place; after an error as well, but for that.
Result<Recording> record_run(Node& node, Database& database, const RecordPlace& place,
                             const RecordingOptions& options);

/// The index of the record that is in its place.
Result<RecordIndex> read_index(Node& node, const RecordPlace& place);

/// Shell code that removes what the database that was killed has left in shared memory, as a loss of
/// power does: what was not there when room was made, and no process has mapped.
std::string forget_shared_memory(const RecordPlace& place);

/// Makes room for crash states; the data folder is empty then.
Result<void> make_room(Node& node, const RecordPlace& place);

/// Whether anything is in the place, as after a crash test that was killed.
Result<bool> record_left(Node& node, const RecordPlace& place);

/// Removes what is in the place, room and all; succeeds if nothing is.
Result<void> remove_record(Node& node, const RecordPlace& place);

}  // namespace gauntlet::crash
