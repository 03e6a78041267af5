// What a run or a check leaves behind for people and machines: HTML, terminal text, JSON, JUnit.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "checker/verdict.hpp"
#include "harness/run/clock_samples.hpp"
#include "history/history.hpp"

namespace gauntlet {

struct ReportInput {
  std::string title;                 ///< "etcd register", or the history's file name
  const History* history = nullptr;  ///< not owned
  const Verdict* verdict = nullptr;  ///< not owned
  /// The plan and the run's facts, in order, as shown: ("database", "etcd 3.4.23"), ("seed", "42"),
  /// ...
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<std::string> notes;  ///< one line each: lateness, skipped faults, lost nodes, ...
  /// Links relative to the report's folder: ("n1 etcd.log", "nodes/n1/etcd.log").
  std::vector<std::pair<std::string, std::string>> links;
  std::vector<NodeClock> clocks;  ///< empty where they were not asked
};

/// One self-contained file: no network, no other files, every value escaped; bounded in size (a cut
/// timeline says so). `input.history` is read only.
std::string html_report(const ReportInput& input);

/// A few lines for a terminal: the verdict, why, and the clearest anomaly. `color`: ANSI colors;
/// control characters in values are escaped in any case.
std::string terminal_summary(const ReportInput& input, bool color);

/// The verdict as one JSON object (stable schema, docs/formats.md); `results.json` of a run.
Value verdict_to_value(const Verdict& verdict, const History& history);

struct GraphFiles {
  std::vector<std::pair<std::string, std::string>> files;  ///< name and content
  std::string note;  ///< why something is missing; empty where nothing is
};

/// The graph of each anomaly that has one, as anomaly-N.dot and, laid out by Graphviz within 10 s,
/// anomaly-N.svg; N as in the HTML report.
GraphFiles graph_files(const History& history, const Verdict& verdict);

/// JUnit XML of one or more verdicts, for CI.
std::string junit_report(const std::vector<ReportInput>& inputs);

}  // namespace gauntlet
