// Dropping packets by source address: the rules of one fault on one node.
//
// Each injection has a table of its own (nftables, family inet), named after it, so that faults
// that overlap are put in and taken out without knowing of each other: a packet goes through only
// if no table drops it. A table is replaced in one transaction. Where nft does not work the same
// rules go into an iptables chain of that name, hooked into INPUT once it is complete. Scripts are
// for /bin/sh as root; what a script prints is read by `parse_drop_counters`.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gauntlet {

/// Table names are prefix + 8 hex digits: iptables allows a chain 28 characters.
inline constexpr std::string_view partition_table_prefix = "gauntlet_partition_";

/// Drops all that comes from `addresses` (canonical), replacing what this table held before; prints
/// the rules.
std::string drop_script(const std::string& table, const std::vector<std::string>& addresses);
/// Prints the rules with their counters; fails if the table is not there.
std::string drop_counters_script(const std::string& table);
/// Prints the rules with their counters, then removes the table; succeeds if it is gone.
std::string undo_drop_script(const std::string& table);

/// Prints a line for each table or chain whose name begins with `prefix`.
std::string list_tables_script(std::string_view prefix);
std::string remove_tables_script(std::string_view prefix);
/// Succeeds if one of the tools works.
std::string probe_firewall_script();

/// Packets dropped so far, by source address: an entry for each rule in place.
std::map<std::string, std::int64_t> parse_drop_counters(std::string_view output);

}  // namespace gauntlet
