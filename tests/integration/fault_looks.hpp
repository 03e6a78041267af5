// How the effect of each fault is seen from outside: by means that know nothing of faults.
#pragma once

#include <functional>
#include <string>

#include "tests/integration/arena.hpp"
#include "tests/integration/watched_database.hpp"

namespace gauntlet {

/// What a look saw, in a word or a figure, and whether that is what a fault does, not what is
/// usual.
struct Sight {
  std::string text;
  bool disturbed = false;
};

/// Looks once, within about 10 s. Of what happens in a moment (a restart, say) it tells whether it
/// happened since the last look; the first one sees nothing.
using Look = std::function<Sight()>;

/// Where a fault strikes n1 on a cluster whose other nodes look on. Not owned.
struct Scene {
  Arena& arena;
  WatchedDatabase& database;
  Node& n1;
  Node& n2;
};

struct FaultLook {
  std::string parameters;  ///< with which the fault is asked for: its effect is large and sure then
  std::string what;        ///< what is looked at, in the words of the table
  Look (*begin)(Scene&) = nullptr;  ///< looks at n1 unless it says otherwise
};

/// The look at a fault of that name; without `begin` where there is none.
FaultLook look_at_fault(const std::string& fault);

// The network, from n2 to n1.
Look pings_answered(Scene& scene);
Look pings_doubled(Scene& scene);
Look ping_time(Scene& scene);
Look rate_of_tcp(Scene& scene);
Look datagrams_overtaken(Scene& scene);
Look open_connection(Scene& scene);

// A client of n1.
Look client_answered(Scene& scene);
Look usual_read(Scene& scene);
Look slowest_read(Scene& scene);
Look many_connections(Scene& scene);
Look database_clock(Scene& scene);
Look database_clock_steady(Scene& scene);
Look database_clock_rate(Scene& scene);

// Processes: of the database, and the node's first one.
Look process_state(Scene& scene);
Look process_replaced(Scene& scene);    ///< on n1
Look processes_replaced(Scene& scene);  ///< on all nodes
Look node_replaced(Scene& scene);
Look member_count(Scene& scene);  ///< of etcd, as n2 tells

// What n1 is busy with, and another program there.
Look processors_busy(Scene& scene);
Look bytes_written(Scene& scene);
Look allocation(Scene& scene);

// A file of somebody else in the data folder of n1, and what becomes of the database's own.
Look disk_errors(Scene& scene);
Look disk_time(Scene& scene);
Look disk_short_writes(Scene& scene);
Look disk_damaged_reads(Scene& scene);
Look unsynced_file(Scene& scene);
Look files_changed(Scene& scene);

}  // namespace gauntlet
