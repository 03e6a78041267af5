// Link down: nodes are as if their cable were pulled, for everybody but the controller's SSH.
//
// The interface itself stays up, since the controller comes in by it: what the node sends and what
// is sent to it is dropped on the node, except for the connections from the controller's address to
// the port at which SSH answers. So peers and clients see a dead machine, the node itself sees
// everybody gone; it does not see its interface without a carrier.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <chrono>
#include <sstream>

#include "nemesis/chain_fault.hpp"
#include "nemesis/link_fault.hpp"
#include "nemesis/targets.hpp"

namespace gauntlet {

namespace {

/// How the controller's SSH reaches a node, as the node sees it.
struct Control {
  std::string address;  ///< canonical
  int port = 0;
};

/// Reads "ADDRESS PORT" of one node.
Result<Control> control_from(const std::string& text) {
  std::istringstream words(text);
  std::string address;
  Control control;
  if (words >> address >> control.port && control.port >= 1 && control.port <= 65535) {
    control.address = canonical_address(address);
    if (!control.address.empty()) return control;
  }
  return failure(ErrorKind::input, "a node does not say how the controller's SSH reaches it");
}

class LinkDown : public ChainFault {
 public:
  std::string_view name() const override { return "link-down"; }
  std::string_view proof() const override { return "counters of its rules, after pings"; }
  std::string_view needs() const override { return "NET_ADMIN; iptables"; }
  std::string_view description() const override {
    return "nodes are unreachable, and reach nobody, as if unplugged; only the controller's SSH "
           "goes on";
  }
  std::vector<FaultParameter> parameters() const override {
    return {{"targets", "any", "which nodes: " + target_words()}};
  }
  Result<void> check(const Value& parameters,
                     const std::vector<std::string>& nodes) const override {
    return check_targets(text_from(parameters, "targets", "any"), nodes);
  }
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override {
    const auto targets = choose_targets(text_from(parameters, "targets", "any"), context, random);
    if (!targets) return targets.error();
    const auto addresses = addresses_of(*context.cluster);
    if (!addresses) return addresses.error();
    const auto nodes = nodes_named(*context.cluster, *targets);
    const auto controls = on_each<std::string>(nodes, [](Node& node) -> Result<std::string> {
      // The client's address and port, then the server's.
      const auto said = node.must(Command::shell("set -- $SSH_CONNECTION; echo \"$1 $4\"")
                                      .within(std::chrono::seconds(10)));
      if (!said) return said.error();
      if (const auto control = control_from(said->output); !control) return control.error();
      return said->output.substr(0, said->output.find('\n'));
    });
    Value control{Value::Map{}};
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!controls[i]) return controls[i].error();
      control.set(nodes[i]->name(), *controls[i]);
    }
    return Value::map({{"targets", to_value(*targets)},
                       {"control", control},
                       {"addresses", to_value(*addresses)},
                       {"name", draw_name(prefix(), random)}});
  }

 protected:
  std::string_view prefix() const override { return "gauntlet_link_down_"; }
  std::string sample_rule() const override { return "-s 192.0.2.1 -j DROP"; }

  Result<Chains> chains(const Value& plan) const override {
    const auto name = name_from(plan, prefix());
    if (!name) return name.error();
    const Value* controls = plan.find("control");
    Chains result;
    for (const auto& target : names_from(plan.find("targets"))) {
      const Value* text = controls != nullptr ? controls->find(target) : nullptr;
      const auto control = control_from(text != nullptr && text->is_string() ? text->string() : "");
      if (!control) return control.error();
      Chain chain{*name, "filter", {"INPUT", "OUTPUT"}, {}};
      chain.rules.push_back({RuleFamily::both, "-i lo -j RETURN"});
      chain.rules.push_back({RuleFamily::both, "-o lo -j RETURN"});
      chain.rules.push_back(rule_for("-s", control->address,
                                     fmt::format("-p tcp --dport {} -j RETURN", control->port)));
      chain.rules.push_back(rule_for("-d", control->address,
                                     fmt::format("-p tcp --sport {} -j RETURN", control->port)));
      // Without neighbour discovery IPv6 would not reach the controller for long.
      for (const int type : {133, 134, 135, 136}) {
        chain.rules.push_back(
            {RuleFamily::ipv6, fmt::format("-p ipv6-icmp --icmpv6-type {} -j RETURN", type)});
      }
      chain.rules.push_back({RuleFamily::both, "-j DROP"});
      result[target] = std::move(chain);
    }
    return result;
  }

  void probe(const FaultContext& context, const Value& plan) const override {
    const auto addresses = addresses_from(plan.find("addresses"));
    if (!addresses) return;
    const NodeNames targets = names_from(plan.find("targets"));
    Links links{targets, {}, *addresses};
    for (const auto& target : targets) {
      for (const auto& other : node_names(*context.cluster)) {
        if (!addresses->contains(other) || !addresses->contains(target)) continue;
        if (other != target) links.grudge[target].insert(other);
      }
    }
    probe_links(*context.cluster, links, [](const std::string& address) {
      return fmt::format("ping -n -q -c 1 -W 0.05 {}", address);
    });
  }
  std::string wording(const Value& plan) const override {
    return fmt::format("{}: unplugged but for the controller's SSH",
                       fmt::join(names_from(plan.find("targets")), " "));
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, LinkDown);

}  // namespace gauntlet
