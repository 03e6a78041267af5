// Targets: which nodes a fault falls upon, from a word to names.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/random.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/node_names.hpp"

namespace gauntlet {

/// The words that stand for targets: "any", "one", "minority", ..., for documentation.
std::string target_words();

/// Whether `text` could mean targets on a cluster of `nodes` (empty: not known yet).
Result<void> check_targets(std::string_view text, const NodeNames& nodes);

/// The nodes that `text` means now, in the cluster's order, never empty. "primaries" asks the
/// database. Fails where there are none: a minority of two nodes, a database that names no primary.
Result<NodeNames> choose_targets(std::string_view text, const FaultContext& context,
                                 Random& random);

}  // namespace gauntlet
