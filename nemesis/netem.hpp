// What the kernel's own network emulation (tc netem) does to packets that a node receives.
//
// netem stands where packets leave, so what comes in from the addresses is sent through a device of
// the kind ifb on its way up, with netem at its root: the listener loses or holds it, as the
// agent's queue would, and what shapes the speaker's sending is not in its way. One injection a
// node at a time: one more, or a node with rules for incoming packets of its own (ingress), is
// refused. Scripts are for /bin/sh as root.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gauntlet {

struct Netem {
  std::string name;   ///< of the injection: "gauntlet_delay_1a2b3c4d"
  std::string words;  ///< as tc takes them: "delay 50ms"; made of checked parts only
  std::vector<std::string> addresses;  ///< canonical, of the senders
};

/// Puts it in, replacing what it was before; prints its counters. Where it fails nothing is left.
std::string netem_script(const Netem& netem);
/// Prints the counters; nothing where it is not in place.
std::string netem_counters_script(const Netem& netem);
/// Prints the counters, then removes it; succeeds if it is gone.
std::string undo_netem_script(const Netem& netem);

/// Prints a line for each device of any injection: the same whatever is looked for.
std::string list_netems_script();
/// Those lines that are of injections whose names begin with `prefix`.
std::string netems_of(std::string_view prefix, std::string_view printed);
/// Removes all injections whose names begin with `prefix`.
std::string remove_netems_script(std::string_view prefix);
/// Succeeds if the kernel has netem; leaves nothing.
std::string probe_netem_script();

struct NetemCounters {
  bool in_place = false;
  std::int64_t passed = 0, lost = 0;  ///< packets
};

NetemCounters parse_netem_counters(std::string_view printed);

}  // namespace gauntlet
