// Reset: established TCP connections end with a reset, and new ones are refused while it lasts.
//
// The targets answer with a reset to every packet of TCP that comes in from the peers or from
// clients. Resets themselves pass, so that both ends learn of the end at once: it is the opposite
// of a partition, where nobody is told anything. A connection that is silent all the while is reset
// only once it speaks.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <thread>

#include "nemesis/chain_fault.hpp"
#include "nemesis/client_port.hpp"
#include "nemesis/link_fault.hpp"
#include "nemesis/targets.hpp"

namespace gauntlet {

namespace {

NumberParameter duration() {
  return {"for_ms", 0, 0, 5000,
          "after how many milliseconds it ends by itself; 0: it lasts until the heal"};
}

class Reset : public ChainFault {
 public:
  std::string_view name() const override { return "reset"; }
  std::string_view proof() const override {
    return "counters of its rules, after a connection is tried";
  }
  std::string_view needs() const override { return "NET_ADMIN; iptables with REJECT"; }
  std::string_view description() const override {
    return "connections between nodes, or of clients, are reset";
  }
  std::vector<FaultParameter> parameters() const override {
    return {{"targets", "any", "which nodes: " + target_words()},
            {"of", "peers",
             "whose connections with the targets: `peers` (the other nodes), `clients`, or `both`"},
            to_parameter(duration())};
  }
  Result<void> check(const Value& parameters,
                     const std::vector<std::string>& nodes) const override {
    if (const auto known = check_targets(text_from(parameters, "targets", "any"), nodes); !known)
      return known.error();
    if (const auto sound = check_numbers(parameters, {duration()}); !sound) return sound.error();
    return check_choice("of", text_from(parameters, "of", "peers"), {"peers", "clients", "both"});
  }
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override {
    const std::string of = text_from(parameters, "of", "peers");
    if (of != "peers") {
      if (const auto why = no_client_port(context)) return failure(ErrorKind::usage, *why);
    }
    if (of == "peers" && context.cluster->nodes().size() < 2)
      return failure(ErrorKind::usage, "there is only one node");
    const auto targets = choose_targets(text_from(parameters, "targets", "any"), context, random);
    if (!targets) return targets.error();
    const auto addresses = addresses_of(*context.cluster);
    if (!addresses) return addresses.error();
    Value plan = Value::map({{"targets", to_value(*targets)},
                             {"of", of},
                             {"addresses", to_value(*addresses)},
                             {"name", draw_name(prefix(), random)}});
    if (of != "peers") plan.set("client_port", context.database->client_port().value_or(0));
    put_numbers(plan, parameters, {duration()});
    return plan;
  }

 protected:
  std::string_view prefix() const override { return "gauntlet_reset_"; }
  std::string sample_rule() const override {
    return "-s 192.0.2.1 -p tcp -j REJECT --reject-with tcp-reset";
  }

  Result<Chains> chains(const Value& plan) const override {
    const auto name = name_from(plan, prefix());
    if (!name) return name.error();
    const auto addresses = addresses_from(plan.find("addresses"));
    if (!addresses) return addresses.error();
    if (const auto sound = check_numbers(plan, {duration()}); !sound) return sound.error();
    const std::string of = text_from(plan, "of", "peers");
    Chains result;
    for (const auto& target : names_from(plan.find("targets"))) {
      Chain chain{*name, "filter", {"INPUT"}, {}};
      chain.rules.push_back({RuleFamily::both, "-i lo -j RETURN"});
      chain.rules.push_back({RuleFamily::both, "-p tcp --tcp-flags RST RST -j RETURN"});
      for (const auto& [owner, own] : *addresses) {
        const std::string_view fate =
            of == "clients" || owner == target ? "RETURN" : "REJECT --reject-with tcp-reset";
        for (const auto& address : own)
          chain.rules.push_back(rule_for("-s", address, fmt::format("-p tcp -j {}", fate)));
      }
      if (of != "peers") {
        const auto port = client_port_from(plan);
        if (!port) return port.error();
        chain.rules.push_back(
            {RuleFamily::both,
             fmt::format("-p tcp --dport {} -j REJECT --reject-with tcp-reset", *port)});
      }
      result[target] = std::move(chain);
    }
    return result;
  }

  void probe(const FaultContext& context, const Value& plan) const override {
    const NodeNames targets = names_from(plan.find("targets"));
    if (text_from(plan, "of", "peers") != "peers") {
      if (const auto port = client_port_from(plan)) knock(context, targets, *port);
      return;
    }
    const auto addresses = addresses_from(plan.find("addresses"));
    if (!addresses) return;
    Links links{targets, cut_one_way(others_of(node_names(*context.cluster), targets), targets),
                *addresses};
    if (links.grudge.empty()) links.grudge = cut_between(each_alone(targets));
    probe_links(*context.cluster, links, [](const std::string& address) {
      return fmt::format("timeout 0.3 bash -c ': </dev/tcp/{}/9'", address);
    });
  }
  void linger(const FaultContext& context, const Value& plan) const override {
    const auto for_ms = static_cast<int>(number_or_default(plan, duration()));
    if (for_ms == 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(for_ms));
    (void)heal(context, plan);
  }
  std::string wording(const Value& plan) const override {
    const std::string of = text_from(plan, "of", "peers");
    return fmt::format("{}: connections of {} are reset",
                       fmt::join(names_from(plan.find("targets")), " "),
                       of == "both" ? "peers and clients" : of);
  }

 private:
  static std::vector<NodeNames> each_alone(const NodeNames& nodes) {
    std::vector<NodeNames> groups;
    for (const auto& node : nodes)
      groups.push_back({node});
    return groups;
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Reset);

}  // namespace gauntlet
