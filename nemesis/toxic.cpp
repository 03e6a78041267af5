// Toxic: what Toxiproxy does to clients' connections, by a proxy on the node.
//
// The node redirects what clients send to the database's port to its agent's proxy, which passes it
// on as the toxic says; nothing is configured anew, neither client nor database knows. Connections
// that were open before are reset, since they go past the proxy; so they are at the heal.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <sstream>

#include "nemesis/agent_links.hpp"
#include "nemesis/chain_fault.hpp"
#include "nemesis/client_port.hpp"
#include "nemesis/links.hpp"
#include "nemesis/targets.hpp"
#include "nemesis/typed_parameter.hpp"

namespace gauntlet {

namespace {

constexpr std::chrono::seconds call_time{10};

ChoiceParameter kind() {
  return {"kind",
          "latency",
          {"latency", "bandwidth", "slow_close", "timeout", "reset_peer", "slicer", "limit_data",
           "down"},
          "what happens, in Toxiproxy's terms"};
}
ChoiceParameter stream() {
  return {"stream",
          "both",
          {"upstream", "downstream", "both"},
          "to what clients send, to what they are sent"};
}
std::vector<NumberParameter> all_numbers() {
  return {
      {"toxicity", 1, 0, 1, "the share of connections that are concerned"},
      {"time_ms", 100, 0, 3'600'000,
       "milliseconds: `latency`'s; after which `timeout` (0: never) closes, `reset_peer` resets "
       "and `slow_close` closes; between the slices of `slicer`"},
      {"jitter_ms", 0, 0, 3'600'000, "of `latency`: at most so much more or less"},
      {"rate_kb", 100, 0.1, 1e7, "of `bandwidth`, in kB/s"},
      {"bytes", 1000, 1, 1e9,
       "after how many `limit_data` closes; the mean size of the slices of `slicer`"}};
}

class ToxicFault : public CountedFault {
 public:
  std::string_view name() const override { return "toxic"; }
  std::string_view description() const override {
    return "clients' connections go through a proxy that delays, throttles, cuts or ends them";
  }
  std::string_view proof() const override {
    return "connections that the proxy counts, after one is tried";
  }
  std::string_view needs() const override {
    return "NET_ADMIN; iptables with REDIRECT and REJECT; the database's client port";
  }
  std::vector<FaultParameter> parameters() const override {
    std::vector<FaultParameter> all = {{"targets", "any", "which nodes: " + target_words()},
                                       to_parameter(kind()),
                                       to_parameter(stream())};
    for (const auto& number : all_numbers())
      all.push_back(to_parameter(number));
    return all;
  }
  Result<void> check(const Value& parameters,
                     const std::vector<std::string>& nodes) const override {
    if (const auto known = check_targets(text_from(parameters, "targets", "any"), nodes); !known)
      return known.error();
    if (const auto sound = check_choices(parameters, {kind(), stream()}); !sound)
      return sound.error();
    return check_numbers(parameters, all_numbers());
  }
  std::optional<std::string> unsupported(const FaultContext& context) const override {
    if (auto why = no_client_port(context)) return why;
    if (context.agents == nullptr) return "there are no agents on the nodes";
    return chain_refusal(context, "nat", prefix,
                         "-s 192.0.2.1 -p tcp --dport 9 -j REDIRECT --to-ports 9");
  }
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override {
    const auto targets = choose_targets(text_from(parameters, "targets", "any"), context, random);
    if (!targets) return targets.error();
    const auto addresses = addresses_of(*context.cluster);
    if (!addresses) return addresses.error();
    Value plan = Value::map({{"targets", to_value(*targets)},
                             {"client_port", context.database->client_port().value_or(0)},
                             {"addresses", to_value(*addresses)},
                             {"name", draw_name(prefix, random)}});
    put_choices(plan, parameters, {kind(), stream()});
    put_numbers(plan, parameters, all_numbers());
    return plan;
  }
  Result<std::string> residue(const FaultContext&, Node& node) const override {
    auto redirects = chain_residue(node, "nat", prefix);
    if (!redirects || !redirects->empty()) return redirects;
    return chain_residue(node, "filter", prefix);
  }
  Result<void> clear(const FaultContext&, Node& node) const override {
    if (const auto cleared = clear_chains(node, "nat", prefix); !cleared) return cleared.error();
    return clear_chains(node, "filter", prefix);
  }

 protected:
  Result<NodeNames> concerned(const Value& plan) const override {
    if (const auto name = name_from(plan, prefix); !name) return name.error();
    if (const auto port = client_port_from(plan); !port) return port.error();
    if (const auto all = addresses_from(plan.find("addresses")); !all) return all.error();
    if (const auto sound = check_choices(plan, {kind(), stream()}); !sound) return sound.error();
    if (const auto sound = check_numbers(plan, all_numbers()); !sound) return sound.error();
    return names_from(plan.find("targets"));
  }
  Result<RuleCounts> put_in(const FaultContext& context, const Value& plan,
                            Node& node) const override {
    if (context.agents == nullptr)
      return failure(ErrorKind::resource, "there are no agents on the nodes");
    std::vector<std::string> words = {"toxics", "put", *name_from(plan, prefix),
                                      "kind=" + text_from(plan, "kind", "latency"),
                                      "stream=" + text_from(plan, "stream", "both")};
    for (const auto& number : all_numbers())
      words.push_back(fmt::format("{}={}", number.name, number_or_default(plan, number)));
    const auto said = context.agents->call(node, words, Deadline::after(call_time));
    if (!said) return said.error();
    int port = 0;
    if (!(std::istringstream(*said) >> port) || port < 1 || port > 65535)
      return failure(ErrorKind::remote, "the agent names no port of its proxy");
    // Redirected first: a client that is reset and comes back at once shall not slip through.
    const auto redirected = put_in_chain(node, redirection(plan, port));
    if (!redirected) return redirected.error();
    const auto refused = put_in_chain(node, refusal(plan));
    if (!refused) return refused.error();
    return RuleCounts{redirected->rules + refused->rules, 0};
  }
  Result<RuleCounts> count(const FaultContext& context, const Value& plan,
                           Node& node) const override {
    return from_agent(context, plan, node, "count", {});
  }
  Result<RuleCounts> take_out(const FaultContext& context, const Value& plan,
                              Node& node) const override {
    const auto redirected = take_out_chain(node, redirection(plan, 1));
    if (!redirected) return redirected.error();
    const auto refused = take_out_chain(node, refusal(plan));
    if (!refused) return refused.error();
    const RuleCounts counts{redirected->rules + refused->rules, 0};
    if (context.agents == nullptr || counts.rules == 0) return counts;
    const auto last = from_agent(context, plan, node, "take", counts);
    return last ? *last : counts;  // an agent that is gone has taken its connections along
  }
  void probe(const FaultContext& context, const Value& plan) const override {
    if (const auto port = client_port_from(plan))
      knock(context, names_from(plan.find("targets")), *port);
  }
  std::string affected_noun() const override { return "connection"; }
  std::string wording(const Value& plan) const override {
    return fmt::format("{}: connections of clients have the toxic {} ({}, toxicity {})",
                       fmt::join(names_from(plan.find("targets")), " "),
                       text_from(plan, "kind", "latency"), text_from(plan, "stream", "both"),
                       number_or_default(plan, all_numbers().front()));
  }

 private:
  static constexpr std::string_view prefix = "gauntlet_toxic_";

  /// Rules that let nodes pass, and what comes from this node itself.
  static std::vector<ChainRule> exceptions(const Value& plan) {
    std::vector<ChainRule> rules = {{RuleFamily::both, "-i lo -j RETURN"}};
    for (const auto& [owner, own] : *addresses_from(plan.find("addresses"))) {
      for (const auto& address : own)
        rules.push_back(rule_for("-s", address, "-j RETURN"));
    }
    return rules;
  }
  static Chain redirection(const Value& plan, int port) {
    Chain chain{*name_from(plan, prefix), "nat", {"PREROUTING"}, exceptions(plan)};
    chain.rules.push_back(
        {RuleFamily::both, fmt::format("-p tcp --dport {} -j REDIRECT --to-ports {}",
                                       *client_port_from(plan), port)});
    return chain;
  }
  /// What still comes in at the database's own port belongs to a connection from before.
  static Chain refusal(const Value& plan) {
    Chain chain{*name_from(plan, prefix), "filter", {"INPUT"}, exceptions(plan)};
    chain.rules.push_back({RuleFamily::both, "-p tcp --tcp-flags RST RST -j RETURN"});
    chain.rules.push_back(
        {RuleFamily::both, fmt::format("-p tcp --dport {} -j REJECT --reject-with tcp-reset",
                                       *client_port_from(plan))});
    return chain;
  }
  /// Connections that the toxic concerned so far.
  static Result<RuleCounts> from_agent(const FaultContext& context, const Value& plan, Node& node,
                                       const std::string& verb, RuleCounts counts) {
    if (context.agents == nullptr)
      return failure(ErrorKind::resource, "there are no agents on the nodes");
    const auto said = context.agents->call(node, {"toxics", verb, *name_from(plan, prefix)},
                                           Deadline::after(call_time));
    if (!said) return said.error();
    std::istringstream words(*said);
    std::int64_t connections = 0;
    words >> connections >> counts.affected;
    return counts;
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, ToxicFault);

}  // namespace gauntlet
