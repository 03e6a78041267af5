// What a register search may take for granted or leave out, and how it ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gauntlet {

struct RegisterSearchOptions {
  /// Keep all configurations; else only the best few, as many as the effort of each event allows.
  bool exact = false;
  /// Crashed operations of a lane have no end from the first invocation on; reaching the end proves
  /// nothing then. An exact search drops what has spent more than all crashed operations invoked so
  /// far cost together (register_prices.hpp); running out of configurations still proves that there
  /// is no order.
  bool unlimited = false;
  /// By lane: what using a crashed operation of it costs. Empty: a standard cost.
  std::vector<std::int32_t> costs;
  /// Stop in front of this event (a position in the part's events).
  std::size_t end = 0xFFFFFFFFu;
};

inline constexpr std::int32_t crashed_cost_standard = 16;  // a live write costs 1, for beams

/// `stuck`: no configuration that was kept survives the event, but some were dropped before.
enum class RegisterSearchState { running, finished, dead, stuck };

}  // namespace gauntlet
