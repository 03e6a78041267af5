// Starts a database on the crash states of a record and looks for what it had acknowledged.
//
// After Mohan et al., "Finding Crash-Consistency Bugs with Bounded Black-Box Testing" (OSDI 2018).
// What is demanded of a state: the database starts; every operation that was acknowledged before
// the crash is there; none is there that had not begun. A finding is tried twice before it is told.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/run/database.hpp"
#include "nemesis/crash/crash_points.hpp"
#include "nemesis/crash/numbered_operations.hpp"
#include "nemesis/crash/recording.hpp"

namespace gauntlet::crash {

enum class Outcome {
  holds,
  loses,    ///< an acknowledged operation is missing
  invents,  ///< something is there that no operation can have left by then
  refuses,  ///< the database does not start on it
  unknown
};

std::string_view name_of(Outcome outcome);
bool is_bad(Outcome outcome);  ///< loses, invents, refuses

/// What became of one crash point.
struct Trial {
  CrashPoint point;
  Outcome outcome = Outcome::unknown;
  std::string sync;                    ///< the last fsync before the crash; empty if there was none
  std::string state;                   ///< digest of the data folder: equal states have equal ones
  bool started = false;                ///< else the same state had been tried before
  std::string lost;                    ///< "bytes 512 files 1 names 0": what the crash took
  std::vector<std::string> undurable;  ///< "file log 3 pages", "name rename a b": could be lost
  std::size_t acknowledged = 0;        ///< before the crash
  std::vector<std::int64_t> missing, unexpected;
  std::string why;  ///< of unknown and refuses, in words; of invents perhaps
};

struct ExplorerOptions {
  std::string function;        ///< as recorded
  std::size_t states_max = 0;  ///< different states on which the database is started
  bool strict = false;         ///< see nemesis/agent/disk/disk.hpp
  Deadline deadline = Deadline::never();
  const std::atomic<bool>* stop = nullptr;
  /// Told before each start: how many states were tried, and how many were bad.
  std::function<void(std::size_t tried, std::size_t bad)> progress;
};

struct Exploration {
  std::vector<Trial> trials;
  std::size_t states = 0;  ///< different ones that were tried
  std::vector<std::string> notes;

  bool complete = true;  ///< false if it ended for another reason than a limit

  std::size_t count(Outcome outcome) const;
  /// Why it says nothing that none of the states was bad; empty if it does say something.
  std::string doubt() const;
};

/// Not thread-safe. The record is in its place, the database not running; both is so at the end.
class CrashExplorer {
 public:
  CrashExplorer(Node& node, Database& database, RecordPlace place, const RecordIndex& index,
                ExplorerOptions options)
      : node_(node),
        database_(database),
        place_(std::move(place)),
        index_(index),
        options_(std::move(options)) {}

  /// In this order, until all are tried or a limit is reached. An error if the node is lost, or if
  /// the database does not even start on the data with which the record began.
  Result<Exploration> explore(const std::vector<CrashPoint>& points);

 private:
  /// What a start on a state showed.
  struct Look {
    bool refuses = false;
    std::string why;  ///< of a refusal, or why nothing is known; empty if `found` tells
    Found found;

    /// Whether both say the same of the database, in whatever words.
    bool agrees(const Look& other) const {
      return refuses == other.refuses && why.empty() == other.why.empty() &&
             found.operations == other.found.operations && found.wrong == other.found.wrong;
    }
  };
  Result<void> check_base();
  Result<std::string> put_state(const CrashPoint& point);
  Result<Trial> try_point(const CrashPoint& point, std::size_t bad);
  Look look();
  void judge(const Look& look, Trial& trial) const;

  Node& node_;
  Database& database_;
  RecordPlace place_;
  const RecordIndex& index_;
  ExplorerOptions options_;
  std::map<std::string, Look> looks_;  ///< by digest
};

}  // namespace gauntlet::crash
