#include "nemesis/links.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nemesis/targets.hpp"
#include "nemesis/typed_parameter.hpp"

namespace gauntlet {

namespace {

Result<NodeNames> peers_from(const Value& parameters, const NodeNames& nodes) {
  const std::string text = text_from(parameters, "peers", "all");
  if (text == "all") return nodes;
  return split_node_names(text, nodes);
}

Error wrong_plan(std::string_view what) {
  return failure(ErrorKind::input, fmt::format("the plan of a fault has no {}", what));
}

}  // namespace

std::vector<FaultParameter> link_parameters() {
  return {
      {"targets", "any", "which nodes: " + target_words()},
      {"peers", "all", "between the targets and which others: `all` of them, or names joined by +"},
      {"direction", "both",
       "which packets are concerned: `in` (from the peers to the targets), `out` (from the "
       "targets to the peers), `both`, or `any` of these three"}};
}

Result<void> check_links(const Value& parameters, const NodeNames& nodes) {
  if (const auto known = check_targets(text_from(parameters, "targets", "any"), nodes); !known)
    return known.error();
  if (const auto peers = peers_from(parameters, nodes); !peers) return peers.error();
  return check_choice("direction", text_from(parameters, "direction", "both"),
                      {"in", "out", "both", "any"});
}

Result<Links> choose_links(const FaultContext& context, const Value& parameters, Random& random) {
  const NodeNames all = node_names(*context.cluster);
  const auto targets = choose_targets(text_from(parameters, "targets", "any"), context, random);
  if (!targets) return targets.error();
  const auto peers = peers_from(parameters, all);
  if (!peers) return peers.error();
  std::string direction = text_from(parameters, "direction", "both");
  if (direction == "any") direction = std::vector{"in", "out", "both"}[random.below(3)];
  Links links{*targets, {}, {}};
  for (const auto& target : *targets) {
    for (const auto& peer : *peers) {
      if (peer == target) continue;
      if (direction != "out") links.grudge[target].insert(peer);
      if (direction != "in") links.grudge[peer].insert(target);
    }
  }
  if (links.grudge.empty()) {
    return failure(ErrorKind::usage,
                   "there is no other node between which and the targets "
                   "packets could be concerned");
  }
  const auto addresses = addresses_of(*context.cluster);
  if (!addresses) return addresses.error();
  links.addresses = *addresses;
  return links;
}

void put_links(Value& plan, const Links& links) {
  Value grudge{Value::Map{}};
  for (const auto& [listener, speakers] : links.grudge)
    grudge.set(listener, to_value(NodeNames(speakers.begin(), speakers.end())));
  plan.set("targets", to_value(links.targets));
  plan.set("grudge", grudge);
  plan.set("addresses", to_value(links.addresses));
}

Result<Links> links_from(const Value& plan) {
  const Value* grudge = plan.find("grudge");
  if (grudge == nullptr || !grudge->is_map()) return wrong_plan("grudge");
  auto addresses = addresses_from(plan.find("addresses"));
  if (!addresses) return addresses.error();
  Links links{names_from(plan.find("targets")), {}, std::move(*addresses)};
  for (const auto& [listener, speakers] : grudge->entries()) {
    if (!links.addresses.contains(listener)) return wrong_plan("address of a node");
    for (const auto& speaker : names_from(&speakers)) {
      if (!links.addresses.contains(speaker)) return wrong_plan("address of a node");
      links.grudge[listener].insert(speaker);
    }
  }
  return links;
}

Value to_value(const Addresses& addresses) {
  Value value{Value::Map{}};
  for (const auto& [name, own] : addresses)
    value.set(name, to_value(own));
  return value;
}

Result<Addresses> addresses_from(const Value* value) {
  if (value == nullptr || !value->is_map()) return wrong_plan("addresses");
  Addresses addresses;
  for (const auto& [name, own] : value->entries()) {
    for (const auto& text : names_from(&own)) {
      const std::string address = canonical_address(text);
      if (address.empty()) return wrong_plan("address in figures");
      addresses[name].push_back(address);
    }
  }
  return addresses;
}

std::string draw_name(std::string_view prefix, Random& random) {
  return fmt::format("{}{:08x}", prefix, random.below(1ull << 32));
}

Result<std::string> name_from(const Value& plan, std::string_view prefix) {
  const std::string name = text_from(plan, "name", "");
  const bool ours = name.starts_with(prefix) && name.size() == prefix.size() + 8 &&
                    name.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos;
  if (!ours) return wrong_plan("name of ours");
  return name;
}

}  // namespace gauntlet
