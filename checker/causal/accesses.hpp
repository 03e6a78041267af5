// The reads and writes of a history as the models without real time see them: numbered session by
// session, each read with the write that it reads from.
//
// A session is a process. What counts:
//  - a read that answered; one that failed or crashed says nothing and is left out;
//  - a write that succeeded; one that failed did not happen and is left out;
//  - a write that crashed, if a read that counts found its value. It is the last operation of its
//    session (a process does nothing after an indefinite operation), so one that no read found
//    constrains nothing: in every order or relation that explains the rest it may be put at the end
//    of its session, or be left out. It is left out.
// Reads and writes of different values of a key tell which write a read reads from only if no value
// is written twice to a key and none that it had at the start is written: a history where that is
// not so is refused. Values of failed writes may be written again.
//
// Cost: O(events) expected time, 16 bytes an access and about 60 more an access while it is built.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/effort.hpp"
#include "checker/checker.hpp"
#include "history/history.hpp"

namespace gauntlet::causal {

/// Dense from 0; the accesses of a session are contiguous and in its order.
using AccessId = std::uint32_t;
using SessionId = std::uint32_t;
using KeyId = std::uint32_t;

inline constexpr AccessId no_access = std::numeric_limits<AccessId>::max();
/// What a read may read from instead of a write: the value that the key had at the start, or a
/// value that no operation of the history can have written.
inline constexpr AccessId initial_value = no_access - 1;
inline constexpr AccessId thin_air = no_access - 2;

struct Access {
  AccessId source = no_access;  ///< of a read: the write, `initial_value` or `thin_air`
  KeyId key = 0;
  SessionId session = 0;
  EventIndex invocation = no_event;

  bool is_write() const { return source == no_access; }
  bool reads_a_write() const { return source < thin_air; }
};

/// The writes of one session to one key, ascending, within Accesses::writes.
struct WriteRun {
  SessionId session;
  std::uint32_t begin, end;
};

/// Read-only once built; refers to nothing.
struct Accesses {
  std::vector<Access> accesses;
  std::vector<AccessId> session_begin;    ///< by session, and the number of accesses at the end
  std::vector<AccessId> in_time;          ///< by invocation for writes and completion for reads
  std::vector<AccessId> writes;           ///< in runs, see `runs`
  std::vector<WriteRun> runs;             ///< of a key contiguous, ascending by session
  std::vector<std::uint32_t> runs_begin;  ///< by key, and the number of runs at the end
  std::vector<std::uint32_t> readers;     ///< by access: how many reads read from it

  const Access& operator[](AccessId id) const { return accesses[id]; }
  AccessId size() const { return static_cast<AccessId>(accesses.size()); }
  SessionId sessions() const { return static_cast<SessionId>(session_begin.size() - 1); }
  KeyId keys() const { return static_cast<KeyId>(runs_begin.size() - 1); }
  std::span<const WriteRun> runs_of(KeyId key) const {
    return std::span(runs).subspan(runs_begin[key], runs_begin[key + 1] - runs_begin[key]);
  }
  std::span<const AccessId> writes_of(const WriteRun& run) const {
    return std::span(writes).subspan(run.begin, run.end - run.begin);
  }
  /// The last write of the run before access `end` of its session; `no_access` if there is none.
  AccessId last_before(const WriteRun& run, AccessId end) const;
};

struct AccessesOrReason {
  Accesses accesses;
  std::string reason;  ///< not empty: the history cannot be judged, and why
};

/// Of a paired history.
AccessesOrReason accesses_of(const History& history, const CheckOptions& options, Effort& effort);

/// The writes of all sessions and the reads of one. O(accesses). `kept` receives, by new id, the
/// old one.
Accesses writes_and_reads_of(const Accesses& accesses, SessionId session,
                             std::vector<AccessId>& kept);

}  // namespace gauntlet::causal
