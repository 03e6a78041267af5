// How many operations of which kind, on which node, with which outcome, how fast, with what errors.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "history/history.hpp"
#include "reports/timebase.hpp"

namespace gauntlet {

struct OutcomeCounts {
  std::size_t ok = 0;
  std::size_t fail = 0;
  std::size_t info = 0;
  std::size_t open = 0;  ///< never completed

  std::size_t total() const { return ok + fail + info + open; }
  std::size_t indefinite() const { return info + open; }
  void add(OperationType outcome);
};

/// Quantiles of the time that `ok` operations took; zeros where there were none.
struct LatencyQuantiles {
  Nanos p50 = 0;
  Nanos p95 = 0;
  Nanos p99 = 0;
  Nanos max = 0;
};

/// Reorders `latencies`. O(length).
LatencyQuantiles quantiles(std::vector<Nanos>& latencies);

struct CountRow {
  std::string name;  ///< a function or a node
  OutcomeCounts outcomes;
  LatencyQuantiles latency;
};

struct ErrorRow {
  std::string error;
  OperationType type = OperationType::info;  ///< fail or info
  std::size_t count = 0;
  Nanos first = 0;
  Nanos last = 0;
  std::string functions;  ///< "read, write"
  std::string nodes;
};

struct HistoryCounts {
  OutcomeCounts total;
  std::vector<CountRow> functions;  ///< in order of appearance
  std::vector<CountRow> nodes;      ///< by name; empty where the history names no node
  std::vector<ErrorRow> errors;     ///< most frequent first; may be cut
  std::size_t errors_total = 0;     ///< distinct ones
};

/// The outcome of an invocation's operation; `invoke` where it never completed.
OperationType outcome_of(const History& history, EventIndex invocation);

/// Client operations only. O(events).
HistoryCounts count_operations(const History& history, const Timebase& timebase,
                               std::size_t rows_max = 100);

}  // namespace gauntlet
