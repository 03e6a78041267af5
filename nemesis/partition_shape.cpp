#include "nemesis/partition_shape.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/suggest.hpp"
#include "nemesis/targets.hpp"

namespace gauntlet {

namespace {

/// Shapes that are "isolate" with targets of the same name.
const NodeNames group_shapes = {"one",      "minority",  "minority-third",
                                "majority", "primaries", "all"};
const NodeNames other_shapes = {"any",    "isolate", "one-way", "halves", "majorities-ring",
                                "bridge", "random"};

bool contains(const NodeNames& names, std::string_view name) {
  return std::ranges::count(names, name) > 0;
}

std::string text_of(const Value& parameters, std::string_view name) {
  const Value* value = parameters.find(name);
  return value != nullptr && value->is_string() ? value->string() : "";
}

bool has_targets(const PartitionShape& shape) {
  return shape.name == "isolate" || shape.name == "one-way";
}

Result<void> check_name(const std::string& name) {
  if (contains(group_shapes, name) || contains(other_shapes, name)) return {};
  NodeNames known = other_shapes;
  known.insert(known.end(), group_shapes.begin(), group_shapes.end());
  return failure(ErrorKind::usage, fmt::format("no shape '{}' of a partition", name),
                 did_you_mean(name, known));
}

/// A shape at random among those that so many nodes can have.
PartitionShape any_shape(std::size_t n, Random& random) {
  std::vector<PartitionShape> possible = {{"isolate", "one", "", ""},
                                          {"isolate", "primaries", "", ""},
                                          {"halves", "", "", ""},
                                          {"one-way", "one", "any", ""}};
  if (n >= 3) {
    possible.push_back({"majorities-ring", "", "", ""});
    possible.push_back({"bridge", "", "", ""});
  }
  PartitionShape shape = possible[random.below(possible.size())];
  if (shape.name == "one-way" && random.chance(0.5)) shape.targets = "primaries";
  return shape;
}

Grudge group_grudge(const PartitionShape& shape, const NodeNames& targets, const NodeNames& all,
                    Random& random) {
  const NodeNames rest = others_of(all, targets);
  if (shape.name == "one-way") {
    const bool inward = shape.direction == "in" || (shape.direction != "out" && random.chance(0.5));
    return inward ? cut_one_way(rest, targets) : cut_one_way(targets, rest);
  }
  const bool each_alone = shape.targets == "primaries" || rest.empty();
  if (!each_alone) return cut_between({targets, rest});
  std::vector<NodeNames> groups = {rest};
  for (const auto& target : targets)
    groups.push_back({target});
  return cut_between(groups);
}

NodeNames concerned_by(const Grudge& grudge, const NodeNames& all) {
  NodeNames result;
  for (const auto& [listener, speakers] : grudge) {
    result.push_back(listener);
    result.insert(result.end(), speakers.begin(), speakers.end());
  }
  return common_of(all, result);
}

}  // namespace

std::vector<FaultParameter> partition_parameters() {
  return {
      {"shape", "any",
       "`one`, `minority`, `minority-third`, `majority`: so many nodes, chosen at random, are cut "
       "as a group from the others; `primaries`, `all`: each of these is cut from everybody; "
       "`isolate`: `targets` are cut from the others; `halves`; `majorities-ring`: everybody sees "
       "a majority, no two the same (3 nodes or more); `bridge`: two halves joined by one node (3 "
       "nodes or more); `one-way`: packets between `targets` and the others are lost in one "
       "direction; `random`: each pair is cut with probability 1/2; `any`: one, primaries, halves, "
       "one-way, majorities-ring or bridge"},
      {"targets", "one", "for `isolate` and `one-way`: " + target_words()},
      {"direction", "any",
       "for `one-way`, which packets are lost: `in` (to the targets), `out` (from the targets) or "
       "`any` of the two"},
      {"grudge", "",
       "exactly who hears whom, instead of a shape: clauses joined by `/`, each `n1+n2~n3` (cut "
       "both ways) or `n1>n2+n3` (what n1 sends does not arrive); `*` means all the others"}};
}

Result<PartitionShape> partition_shape(const Value& parameters, const NodeNames& nodes) {
  PartitionShape shape{text_of(parameters, "shape"), text_of(parameters, "targets"),
                       text_of(parameters, "direction"), text_of(parameters, "grudge")};
  if (!shape.grudge.empty()) {
    if (!shape.name.empty() || !shape.targets.empty() || !shape.direction.empty()) {
      return failure(ErrorKind::usage, "a partition has a grudge or a shape, not both",
                     "leave one of them out");
    }
    if (const auto grudge = parse_grudge(shape.grudge, nodes); !grudge) return grudge.error();
    shape.name = "explicit";
    return shape;
  }
  if (shape.name.empty()) shape.name = shape.targets.empty() ? "any" : "isolate";
  if (const auto known = check_name(shape.name); !known) return known.error();
  if (!has_targets(shape) && !shape.targets.empty()) {
    return failure(ErrorKind::usage, fmt::format("shape {} takes no targets", shape.name),
                   "targets go with the shapes isolate and one-way");
  }
  if (contains(group_shapes, shape.name)) {
    shape.targets = shape.name;
    shape.name = "isolate";
  }
  if (has_targets(shape) && shape.targets.empty()) shape.targets = "one";
  if (!shape.targets.empty()) {
    if (const auto known = check_targets(shape.targets, nodes); !known) return known.error();
  }
  if (!shape.direction.empty() && shape.name != "one-way") {
    return failure(ErrorKind::usage, fmt::format("shape {} takes no direction", shape.name),
                   "direction goes with the shape one-way");
  }
  if (shape.direction.empty()) shape.direction = "any";
  if (!contains({"any", "in", "out"}, shape.direction)) {
    return failure(ErrorKind::usage, fmt::format("no direction '{}'", shape.direction),
                   "known: any, in, out");
  }
  return shape;
}

Result<ChosenGrudge> choose_grudge(const PartitionShape& asked, const FaultContext& context,
                                   Random& random) {
  const NodeNames all = node_names(*context.cluster);
  ChosenGrudge chosen{asked, {}, {}};
  PartitionShape& shape = chosen.shape;
  if (shape.name == "any") shape = any_shape(all.size(), random);
  const bool needs_three = shape.name == "majorities-ring" || shape.name == "bridge";
  if (all.size() < (needs_three ? 3u : 2u)) {
    return failure(ErrorKind::usage,
                   fmt::format("{} nodes have no partition of shape {}", all.size(), shape.name));
  }
  if (has_targets(shape)) {
    auto targets = choose_targets(shape.targets, context, random);
    if (!targets && asked.name == "any") {  // no primary now: any other node will do
      shape.targets = "one";
      targets = choose_targets(shape.targets, context, random);
    }
    if (!targets) return targets.error();
    chosen.targets = *targets;
    chosen.grudge = group_grudge(shape, *targets, all, random);
  } else if (shape.name == "halves") {
    chosen.grudge = random_halves(all, random);
  } else if (shape.name == "majorities-ring") {
    chosen.grudge = random_majorities_ring(all, random);
  } else if (shape.name == "bridge") {
    chosen.grudge = random_bridge(all, random);
  } else if (shape.name == "random") {
    chosen.grudge = random_pairs(all, random);
  } else {
    auto grudge = parse_grudge(shape.grudge, all);
    if (!grudge) return grudge.error();
    chosen.grudge = std::move(*grudge);
  }
  if (chosen.grudge.empty()) {
    return failure(ErrorKind::usage, "the targets are all nodes: nobody is left to cut them from");
  }
  if (chosen.targets.empty()) chosen.targets = concerned_by(chosen.grudge, all);
  return chosen;
}

}  // namespace gauntlet
