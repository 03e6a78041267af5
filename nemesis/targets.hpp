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

/// Those of `among` (in the cluster's order, not empty) that `text` means now, never none.
/// "primaries" asks the database. Fails where there are none: a minority of two nodes, a database
/// that names no primary, names that are not among them.
Result<NodeNames> choose_targets(std::string_view text, const FaultContext& context, Random& random,
                                 const NodeNames& among);

/// The same among all nodes.
Result<NodeNames> choose_targets(std::string_view text, const FaultContext& context,
                                 Random& random);

}  // namespace gauntlet
