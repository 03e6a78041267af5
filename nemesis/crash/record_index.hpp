// What a record holds besides bytes: its fsyncs, and what the client was told at which entry.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace gauntlet::crash {

/// Entries of the record that leave the same durable state: from one fsync until before the next.
struct Epoch {
  std::uint64_t first = 0, last = 0;  ///< so many entries had taken place; both included
  std::string sync;                   ///< "fsync PATH" of entry `first`; empty before the first one
};

struct RecordIndex {
  std::uint64_t entries = 0;
  std::vector<Epoch> epochs;  ///< in order, without gaps, from 0 to `entries`; never empty

  /// Numbers of operations that the client had begun, or was told "ok" of, within so many entries.
  std::set<std::int64_t> invoked_by(std::uint64_t so_many) const;
  std::set<std::int64_t> acknowledged_by(std::uint64_t so_many) const;
  const Epoch& epoch_of(std::uint64_t so_many) const;

  struct Mark {
    std::uint64_t entry = 0;
    std::int64_t operation = 0;
    bool acknowledged = false;
  };
  std::vector<Mark> marks;
};

/// The words of a mark.
std::string invoked_mark(std::int64_t operation);
std::string acknowledged_mark(std::int64_t operation);

/// Reads what `gauntlet-agent disk-log LOG --points` printed: untrusted.
Result<RecordIndex> parse_record_index(std::string_view text);

}  // namespace gauntlet::crash
