// The plan of a test: everything that decides what a run does, made from the settings, kept beside
// the history as plan.json, and read back by heal, report and check.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/settings.hpp"
#include "harness/run/database.hpp"
#include "nemesis/nemesis.hpp"
#include "workloads/workload.hpp"

namespace gauntlet {

struct TestPlan {
  std::string database;
  OptionValues database_options;
  std::string workload;
  OptionValues workload_options;
  std::string claim;    ///< the consistency that the database is held against
  std::string nemesis;  ///< the fault requests as given
  Nanos nemesis_interval_ns = 0;
  std::int64_t nemesis_overlap = 1;
  std::string nemesis_pace = "even";
  std::string schedule;   ///< what happens at which time, as parse_schedule reads it
  std::string replay_of;  ///< the run directory that this one repeats; empty if none
  Nanos time_limit_ns = 0;
  Nanos operation_timeout_ns = 0;
  Nanos recovery_ns = 0;
  std::int64_t operations_max = 0;  ///< 0: no limit
  std::int64_t rate = 0;            ///< operations a second; 0: no limit
  int concurrency = 1;
  bool stop_on_violation = false;
  std::uint64_t seed = 0;

  /// Whether anything is to be injected.
  bool has_faults() const { return !nemesis.empty() || !schedule.empty(); }

  std::string provider;  ///< "docker", "hosts" or "embedded"
  std::string cluster;   ///< name of the docker cluster
  std::string subnet;
  std::string disk;  ///< below the database: "fuse" for one that breaks; else its own
  std::size_t node_count = 0;
  std::vector<std::string> hosts;  ///< [user@]host[:port], for "hosts"
  std::string identity_file;
  std::string known_hosts_file;
};

/// Checks that database, workload, faults and nodes exist and fit each other; draws the seed if
/// none is given. Usage errors name what was not known and the nearest that is.
Result<TestPlan> make_plan(Settings& settings, const std::string& database);

Value to_value(const TestPlan& plan);
/// The plan of a run directory (plan.json).
Result<TestPlan> read_plan(const std::string& path);

/// A fresh instance of the plan's database; an error if this program has none of that name.
Result<std::unique_ptr<Database>> make_database(const TestPlan& plan);

WorkloadSettings workload_settings(const TestPlan& plan);

/// Everything that the nemesis does until the end of the load. Checks the plan's faults, pace and
/// schedule, which may come from a file, on nodes of these names (empty: not known yet).
Result<GeneratorPtr> nemesis_generator(const TestPlan& plan, const std::vector<std::string>& nodes);

}  // namespace gauntlet
