// The evidence that a history has no explanation in some consistency model: edges, each following
// from the history or from edges before it by one rule, and a cycle of them.
//
// Operations are named by the positions of their invocations in the history. An edge says that
// `from` comes before `to`:
//   session       the process invoked `from` before `to`;
//   reads_from    `from` wrote what `to` read;
//   conflict      both are writes of a key, `reader` read what `to` wrote, and `path` leads from
//                 `from` to `reader`: if `to` came first, then `from` would lie between it and
//                 `reader`, who would have read from `from`;
//   overwritten   `from` is a read, `to` another write of its key, and `path` leads from the write
//                 that `from` read to `to`: if `to` came before `from`, it would lie between that
//                 write and `from`;
//   initial       `from` read the value that its key had at the start and `to` wrote to the key.
#pragma once

#include <cstdint>
#include <vector>

#include "history/history.hpp"
#include "history/value.hpp"

namespace gauntlet::causal {

enum class EdgeRule : std::uint8_t { session, reads_from, conflict, overwritten, initial };

struct DerivedEdge {
  EdgeRule rule;
  EventIndex from, to;
  EventIndex reader = no_event;  ///< of a conflict
  std::vector<std::uint32_t> path =
      {};  ///< positions of earlier edges, each from where the last led
};

struct Derivation {
  std::vector<DerivedEdge> edges;
  std::vector<std::uint32_t> cycle;  ///< positions of edges
};

}  // namespace gauntlet::causal
