// Lists of node names: shuffled, split, put into a plan and taken out again.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "harness/control/cluster.hpp"
#include "history/value.hpp"

namespace gauntlet {

using NodeNames = std::vector<std::string>;

/// Fisher and Yates; the same seed gives the same order on every platform.
template <class T>
void shuffle(std::vector<T>& items, Random& random) {
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[random.below(i)]);
}

/// Splits "n1+n3"; a usage error for an empty name, a name given twice or, unless `nodes` is empty,
/// an unknown name.
Result<NodeNames> split_node_names(std::string_view text, const NodeNames& nodes);

/// Those of `nodes` that are in `some`, and those that are not; in the order of `nodes`.
NodeNames common_of(const NodeNames& nodes, const NodeNames& some);
NodeNames others_of(const NodeNames& nodes, const NodeNames& some);

/// Names of the cluster's nodes, in order.
NodeNames node_names(const Cluster& cluster);

/// The cluster's nodes of these names. Names that it does not have are left out.
std::vector<Node*> nodes_named(const Cluster& cluster, const NodeNames& names);

/// A list of names as a Value, and back; what is no string is left out (a ledger is a file).
Value to_value(const NodeNames& names);
NodeNames names_from(const Value* value);

}  // namespace gauntlet
