// Isolate clients: nodes drop the traffic of clients, while they go on with each other.
//
// The database stays healthy and elects nobody new; only its clients learn nothing. With `out` the
// requests are served and the answers are lost, so that every operation is indefinite.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nemesis/chain_fault.hpp"
#include "nemesis/client_port.hpp"
#include "nemesis/links.hpp"
#include "nemesis/targets.hpp"
#include "nemesis/typed_parameter.hpp"

namespace gauntlet {

namespace {

class IsolateClients : public ChainFault {
 public:
  std::string_view name() const override { return "isolate-clients"; }
  std::string_view proof() const override {
    return "counters of its rules, after a connection is tried";
  }
  std::string_view needs() const override { return "NET_ADMIN; iptables; a client port"; }
  std::string_view description() const override {
    return "nodes drop the traffic of clients, but not of each other";
  }
  std::vector<FaultParameter> parameters() const override {
    return {{"targets", "any", "which nodes: " + target_words()},
            {"direction", "both",
             "what is dropped: `in` (requests), `out` (answers), `both`, or `any` of these three"}};
  }
  Result<void> check(const Value& parameters,
                     const std::vector<std::string>& nodes) const override {
    if (const auto known = check_targets(text_from(parameters, "targets", "any"), nodes); !known)
      return known.error();
    return check_choice("direction", text_from(parameters, "direction", "both"),
                        {"in", "out", "both", "any"});
  }
  std::optional<std::string> unsupported(const FaultContext& context) const override {
    if (auto why = no_client_port(context)) return why;
    return ChainFault::unsupported(context);
  }
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override {
    const auto targets = choose_targets(text_from(parameters, "targets", "any"), context, random);
    if (!targets) return targets.error();
    const auto addresses = addresses_of(*context.cluster);
    if (!addresses) return addresses.error();
    std::string direction = text_from(parameters, "direction", "both");
    if (direction == "any") direction = std::vector{"in", "out", "both"}[random.below(3)];
    return Value::map({{"targets", to_value(*targets)},
                       {"direction", direction},
                       {"client_port", context.database->client_port().value_or(0)},
                       {"addresses", to_value(*addresses)},
                       {"name", draw_name(prefix(), random)}});
  }

 protected:
  std::string_view prefix() const override { return "gauntlet_clients_"; }
  std::string sample_rule() const override { return "-s 192.0.2.1 -p tcp --dport 9 -j DROP"; }

  Result<Chains> chains(const Value& plan) const override {
    const auto name = name_from(plan, prefix());
    if (!name) return name.error();
    const auto port = client_port_from(plan);
    if (!port) return port.error();
    const auto addresses = addresses_from(plan.find("addresses"));
    if (!addresses) return addresses.error();
    const std::string direction = text_from(plan, "direction", "both");
    Chain chain{*name,
                "filter",
                {},
                {{RuleFamily::both, "-i lo -j RETURN"}, {RuleFamily::both, "-o lo -j RETURN"}}};
    for (const auto& [owner, own] : *addresses) {
      for (const auto& address : own) {
        chain.rules.push_back(
            rule_for("-s", address, fmt::format("-p tcp --dport {} -j RETURN", *port)));
        chain.rules.push_back(
            rule_for("-d", address, fmt::format("-p tcp --sport {} -j RETURN", *port)));
      }
    }
    if (direction != "out") {
      chain.hooks.emplace_back("INPUT");
      chain.rules.push_back({RuleFamily::both, fmt::format("-p tcp --dport {} -j DROP", *port)});
    }
    if (direction != "in") {
      chain.hooks.emplace_back("OUTPUT");
      chain.rules.push_back({RuleFamily::both, fmt::format("-p tcp --sport {} -j DROP", *port)});
    }
    Chains result;
    for (const auto& target : names_from(plan.find("targets")))
      result[target] = chain;
    return result;
  }
  void probe(const FaultContext& context, const Value& plan) const override {
    const auto port = client_port_from(plan);
    if (port) knock(context, names_from(plan.find("targets")), *port);
  }
  std::string wording(const Value& plan) const override {
    const std::string direction = text_from(plan, "direction", "both");
    return fmt::format("{}: {} of clients are dropped",
                       fmt::join(names_from(plan.find("targets")), " "),
                       direction == "in"    ? "requests"
                       : direction == "out" ? "answers"
                                            : "packets");
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, IsolateClients);

}  // namespace gauntlet
