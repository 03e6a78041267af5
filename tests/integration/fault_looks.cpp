#include "tests/integration/fault_looks.hpp"

#include <map>

namespace gauntlet {

FaultLook look_at_fault(const std::string& fault) {
  static const std::string n1 = ":targets=n1";
  static const std::map<std::string, FaultLook> looks = {
      {"bandwidth", {n1, "Mbit/s of TCP from n2", rate_of_tcp}},
      {"clock-bump", {n1 + ":offset=-5m", "its clock is off by", database_clock}},
      {"clock-drift", {n1 + ":rate=5000", "its clock gains each second", database_clock_rate}},
      {"clock-strobe",
       {n1 + ":delta=1h:period=1s", "its clock jumps in 2 s by", database_clock_steady}},
      {"corrupt",
       {n1 + ":probability=0.3:checksum=wrong", "pings from n2 answered, of 20", pings_answered}},
      {"cpu-stress", {n1 + ":threads=16", "processors that the node keeps busy", processors_busy}},
      {"crash-loop", {n1, "its processes", process_state}},
      {"delay", {n1, "a ping from n2 takes", ping_time}},
      {"disk-corrupt", {n1, "reads of a file that differ, of 150", disk_damaged_reads}},
      {"disk-error", {n1, "uses of a file that fail, of 30", disk_errors}},
      {"disk-fsync", {n1 + ":times=0", "uses of a file that fail, of 30", disk_errors}},
      {"disk-full", {n1, "uses of a file that fail, of 30", disk_errors}},
      {"disk-slow", {n1, "a use of a file takes", disk_time}},
      {"disk-torn", {n1, "writes of a file cut short, of 30", disk_short_writes}},
      {"duplicate", {n1, "surplus answers to 20 pings from n2", pings_doubled}},
      {"file-copy", {n1, "its files while it is dead", files_changed}},
      {"file-flip", {n1, "its files while it is dead", files_changed}},
      {"file-restore", {n1, "its files while it is dead", files_changed}},
      {"file-truncate", {n1, "its files while it is dead", files_changed}},
      {"files", {n1 + ":spare=0", "connections served at once, of 40", many_connections}},
      {"io-stress", {n1, "MiB/s that the node writes", bytes_written}},
      {"isolate-clients", {n1, "a client's read", client_answered}},
      {"kill", {n1, "its processes", process_state}},
      {"link-down", {n1, "pings from n2 answered, of 20", pings_answered}},
      {"loss", {n1 + ":probability=0.5", "pings from n2 answered, of 20", pings_answered}},
      {"membership", {":targets=n1+n3", "members that the others know", member_count}},
      {"memory", {n1, "a program that needs 200 MiB", allocation}},
      {"partition", {":shape=isolate:targets=n1", "pings from n2 answered, of 20", pings_answered}},
      {"pause", {n1, "its processes", process_state}},
      {"pause-node", {n1, "a client's read", client_answered}},
      {"power-failure", {n1, "a file that was not synced", unsynced_file}},
      {"reorder", {n1, "datagrams from n2 overtaken, of 300", datagrams_overtaken}},
      {"reset", {n1, "an open connection from n2", open_connection}},
      {"restart", {n1, "its process", process_replaced}},
      {"restart-node", {n1, "the node's first process", node_replaced}},
      {"rolling-restart", {"", "the process on each node", processes_replaced}},
      {"slow", {n1 + ":share=30:period_ms=1000", "slowest of a client's reads", slowest_read}},
      {"stop", {n1, "its processes", process_state}},
      {"toxic", {n1, "a client's read takes", usual_read}}};
  const auto found = looks.find(fault);
  return found == looks.end() ? FaultLook{} : found->second;
}

}  // namespace gauntlet
