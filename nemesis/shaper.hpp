// Shaping what a node sends, by destination: the classes of one fault on one node.
//
// All faults share one root of ours (htb) on an interface, and each has classes and a filter of its
// own in it, so that they come and go independently; the last one takes the root with it. Where two
// concern the same address, the one with the lower class number rules until it is gone. Scripts are
// for /bin/sh as root; the interface is found on the node, by the route to the address.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"

namespace gauntlet {

struct Shaper {
  int first_class = 0;  ///< of draw_first_class; address i has the class first_class + i
  double bits_per_second = 0;
  std::vector<std::string> addresses;  ///< canonical; at most 64
};

/// 64 classes for one injection, chosen at random.
int draw_first_class(Random& random);
bool is_first_class(std::int64_t number);

/// Shapes, replacing what these classes were before; prints them with their counters.
std::string shape_script(const Shaper& shaper);
std::string shaper_counters_script(const Shaper& shaper);
/// Prints the classes with their counters, then removes them; succeeds if they are gone.
std::string undo_shape_script(const Shaper& shaper);

std::string list_shapers_script();
std::string remove_shapers_script();
/// Succeeds if the kernel can shape; leaves nothing.
std::string probe_shaper_script();

/// Packets that went through each class of the shaper that is in place.
std::vector<std::int64_t> parse_shaper_counters(const Shaper& shaper, std::string_view output);

}  // namespace gauntlet
