// Bandwidth: packets between nodes queue up behind a rate, as on a thin line.
//
// The sender's kernel shapes what it sends to each peer (a class of htb for each address, chosen by
// u32), so nothing is lost until the queue is full and connections adapt as they would. The root of
// the interface is replaced only where it is the kernel's own, which comes back by itself when ours
// goes with the last class; a node with queueing disciplines that somebody set up is left alone.
#include <fmt/format.h>

#include <algorithm>

#include "nemesis/link_fault.hpp"
#include "nemesis/script.hpp"
#include "nemesis/shaper.hpp"

namespace gauntlet {

namespace {

NumberParameter rate() {
  return {"rate_mbit", 1, 0.01, 10'000, "the rate of each link in Mbit/s"};
}

class Bandwidth : public LinkFault {
 public:
  std::string_view name() const override { return "bandwidth"; }
  std::string_view proof() const override { return "packets counted by its classes"; }
  std::string_view needs() const override { return "NET_ADMIN; tc with htb and u32"; }
  std::string_view description() const override {
    return "what nodes send to each other is held to a rate";
  }
  std::optional<std::string> unsupported(const FaultContext& context) const override {
    if (!context.cluster->reachable()) return "no commands can be run on the nodes";
    if (context.cluster->nodes().size() < 2) return "there is only one node";
    const auto refusal = refusal_of(*context.cluster, "probe of htb", probe_shaper_script());
    if (!refusal) return std::nullopt;
    return "traffic cannot be shaped on " + *refusal;
  }
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override {
    auto plan = LinkFault::prepare(context, parameters, random);
    if (plan) plan->set("first_class", static_cast<std::int64_t>(draw_first_class(random)));
    return plan;
  }
  Result<std::string> residue(const FaultContext&, Node& node) const override {
    auto found = run_script(node, "search for shapers", list_shapers_script());
    if (!found) return found;
    return residue_text(std::move(*found));
  }
  Result<void> clear(const FaultContext&, Node& node) const override {
    const auto removed = run_script(node, "removal of shapers", remove_shapers_script());
    return removed ? Result<void>() : removed.error();
  }

 protected:
  std::string_view prefix() const override { return "gauntlet_bandwidth_"; }
  std::vector<NumberParameter> numbers() const override { return {rate()}; }
  bool at_sender() const override { return true; }

  Result<NodeNames> concerned(const Value& plan) const override {
    if (const auto sound = shaper_of(plan, {}); !sound) return sound.error();
    return LinkFault::concerned(plan);
  }
  Result<RuleCounts> put_in(const FaultContext&, const Value& plan, Node& node) const override {
    return run_and_count(plan, node, shape_script);
  }
  Result<RuleCounts> count(const FaultContext&, const Value& plan, Node& node) const override {
    return run_and_count(plan, node, shaper_counters_script);
  }
  Result<RuleCounts> take_out(const FaultContext&, const Value& plan, Node& node) const override {
    return run_and_count(plan, node, undo_shape_script);
  }
  std::string wording(const Value& plan) const override {
    return fmt::format("{}: held to {} Mbit/s a link", text_of_links(plan),
                       number_or_default(plan, rate()));
  }

 private:
  static Result<Shaper> shaper_of(const Value& plan, std::vector<std::string> addresses) {
    const Value* first = plan.find("first_class");
    if (first == nullptr || !first->is_integer() || !is_first_class(first->integer()))
      return failure(ErrorKind::input, "the plan of a fault has no class");
    return Shaper{static_cast<int>(first->integer()), number_or_default(plan, rate()) * 1e6,
                  std::move(addresses)};
  }
  Result<RuleCounts> run_and_count(const Value& plan, Node& node,
                                   std::string (*script)(const Shaper&)) const {
    const auto shaper = shaper_of(plan, other_ends(plan, node.name()));
    if (!shaper) return shaper.error();
    const auto printed = run_script(node, "shaper of a fault", script(*shaper));
    if (!printed) return printed.error();
    RuleCounts counts;
    for (const std::int64_t packets : parse_shaper_counters(*shaper, *printed)) {
      ++counts.rules;
      counts.affected += packets;
    }
    return counts;
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Bandwidth);

}  // namespace gauntlet
