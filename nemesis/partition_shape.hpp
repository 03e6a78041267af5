// From a partition's parameters to a grudge.
#pragma once

#include <string>

#include "nemesis/fault.hpp"
#include "nemesis/grudge.hpp"

namespace gauntlet {

/// What the parameters of a partition come to before anything is drawn.
struct PartitionShape {
  std::string name;       ///< "any", "isolate", "one-way", "halves", ..., "explicit"
  std::string targets;    ///< of isolate and one-way: a word or names
  std::string direction;  ///< of one-way: "any", "in" or "out"
  std::string grudge;     ///< of explicit
};

std::vector<FaultParameter> partition_parameters();

/// A usage error for values that do not exist or do not go together. `nodes` may be empty.
Result<PartitionShape> partition_shape(const Value& parameters, const NodeNames& nodes);

struct ChosenGrudge {
  PartitionShape shape;  ///< with "any" decided
  NodeNames targets;  ///< the nodes that are cut off, where the shape has such; else all concerned
  Grudge grudge;      ///< not empty
};

/// Draws what the shape leaves open. Fails where the cluster cannot have it: two nodes have no
/// ring, no database names its primary.
Result<ChosenGrudge> choose_grudge(const PartitionShape& shape, const FaultContext& context,
                                   Random& random);

}  // namespace gauntlet
