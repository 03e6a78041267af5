// Membership: nodes leave the cluster while it serves, without their data; later they join again.
//
// Jepsen's membership nemesis keeps changes that were not confirmed as pending, since they may come
// about later. Here what is true is what a node says that serves: an injection tells it, and a heal
// begins with it, so that it does right whoever made the change, and however far that came.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <thread>

#include "nemesis/fault.hpp"
#include "nemesis/targets.hpp"
#include "nemesis/typed_parameter.hpp"
#include "nemesis/wording.hpp"

namespace gauntlet {

namespace {

struct Told {
  std::string by;
  NodeNames members;

  bool has(const std::string& name) const { return std::ranges::count(members, name) > 0; }
  std::string text() const {
    return fmt::format("{} says that {} {}", by, fmt::join(members, " "),
                       members.size() == 1 ? "is a member" : "are members");
  }
};

/// What the first node says that serves; those of `last` are asked only if no other does. Asks
/// until the deadline, at least once: where the leader left there is none for a while.
Result<Told> told_members(const FaultContext& context, const NodeNames& last, Deadline deadline) {
  const NodeNames all = node_names(*context.cluster);
  while (true) {
    std::string why = "there is no node";
    for (const auto& names : {others_of(all, last), last}) {
      const auto nodes = nodes_named(*context.cluster, names);
      const auto answers =
          on_each<NodeNames>(nodes, [&](Node& node) { return context.database->members(node); });
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (answers[i]) return Told{nodes[i]->name(), *answers[i]};
        why = told_of(nodes[i]->name(), answers[i].error());
      }
    }
    if (deadline.passed())
      return failure(ErrorKind::transport, "no node says who the members are: " + why);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

/// Long enough for an election.
Deadline patience() {
  return Deadline::after(std::chrono::seconds(6));
}

/// Why none can leave; nullopt if some can.
std::optional<std::string> all_have_to_stay(const FaultContext& context) {
  std::optional<std::string> reason = "the database is not known";
  if (context.database == nullptr) return reason;
  for (const Node* node : context.cluster->nodes()) {
    reason = context.database->has_to_stay(*node);
    if (!reason) break;
  }
  return reason;
}

bool has_members(const FaultContext& context) {
  return !all_have_to_stay(context);
}

class Membership : public Fault {
 public:
  std::string_view name() const override { return "membership"; }
  std::string_view description() const override {
    return "nodes leave the cluster and lose their data, later they join it again";
  }
  std::vector<FaultParameter> parameters() const override {
    return {{"targets", "one",
             "which nodes leave, one after the other: " + target_words() +
                 "; only as many as leave a majority of all nodes in, and none that has to stay, "
                 "such as the primary of redis"}};
  }
  std::vector<std::string_view> packages() const override { return {"crash"}; }
  std::string_view proof() const override { return "the members as another node tells them"; }
  std::string_view needs() const override {
    return "a database whose members can change: etcd, redis";
  }
  Result<void> check(const Value& parameters,
                     const std::vector<std::string>& nodes) const override {
    return check_targets(text_from(parameters, "targets", "one"), nodes);
  }
  std::optional<std::string> unsupported(const FaultContext& context) const override {
    if (auto reason = all_have_to_stay(context)) return reason;
    if (context.cluster->nodes().size() < 3) return "a majority has to stay: it takes three nodes";
    return std::nullopt;
  }

  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override {
    const auto told = told_members(context, {}, Deadline::after(std::chrono::seconds(2)));
    if (!told) return told.error();
    const std::size_t majority = context.cluster->nodes().size() / 2 + 1;
    if (told->members.size() <= majority) {
      return failure(ErrorKind::conflict, fmt::format("only {} are in the cluster: a majority of "
                                                      "all nodes has to stay",
                                                      counted(std::ssize(told->members), "node")));
    }
    NodeNames free;
    std::string reason;
    for (const Node* node : nodes_named(*context.cluster, told->members)) {
      const auto stays = context.database->has_to_stay(*node);
      if (!stays) free.push_back(node->name());
      if (stays) reason = fmt::format("{} has to stay: {}", node->name(), *stays);
    }
    const std::string wanted = text_from(parameters, "targets", "one");
    auto targets = choose_targets(wanted, context, random, free);
    if (!targets && !reason.empty()) return failure(ErrorKind::conflict, wanted + ": " + reason);
    if (!targets) return targets.error();
    shuffle(*targets, random);
    targets->resize(std::min(targets->size(), told->members.size() - majority));
    return Value::map({{"targets", to_value(common_of(told->members, *targets))},
                       {"members", to_value(told->members)}});
  }

  std::vector<std::string> keeps_dead(const Value& plan) const override {
    return names_from(plan.find("targets"));
  }

  FaultOutcome inject(const FaultContext& context, const Value& plan) const override {
    const NodeNames targets = names_from(plan.find("targets"));
    std::vector<std::string> lines;
    for (Node* node : nodes_named(*context.cluster, targets)) {
      const auto left = context.database->leave(*node);
      lines.push_back(left ? node->name() + " left"
                           : "pending: " + told_of(node->name(), left.error()));
    }
    const auto told = told_members(context, targets, patience());
    const bool effect = told && std::ranges::any_of(targets, [&](const std::string& name) {
                          return !told->has(name);
                        });
    lines.push_back(told ? told->text() : told.error().what);
    return {effect,
            fmt::format("{}, before {}", fmt::join(lines, "; "),
                        fmt::join(names_from(plan.find("members")), " ")),
            {}};
  }

  FaultOutcome heal(const FaultContext& context, const Value& plan) const override {
    if (!has_members(context)) return {false, "the database is not known", {}};
    const NodeNames targets = names_from(plan.find("targets"));
    std::vector<std::string> lines;
    bool all = true;
    // One after the other: each needs the agreement of a majority, of which the next is a part.
    for (Node* node : nodes_named(*context.cluster, targets)) {
      const auto joined = join(context, *node);
      all = all && joined;
      lines.push_back(joined ? node->name() + " is in" : told_of(node->name(), joined.error()));
    }
    const auto told = told_members(context, targets, patience());
    lines.push_back(told ? told->text() : told.error().what);
    all = all && told &&
          std::ranges::all_of(targets, [&](const std::string& name) { return told->has(name); });
    return {all, fmt::format("{}", fmt::join(lines, "; ")), {}};
  }

  /// A cluster that does not serve says nothing.
  Result<std::string> residue(const FaultContext& context, Node& node) const override {
    if (!has_members(context)) return std::string();
    const auto told =
        told_members(context, {node.name()}, Deadline::after(std::chrono::seconds(0)));
    return told && !told->has(node.name()) ? "it is no member; " + told->text() : std::string();
  }
  Result<void> clear(const FaultContext& context, Node& node) const override {
    return has_members(context) ? join(context, node) : Result<void>();
  }

 private:
  /// In, and serving: a node that joined says itself that it is a member.
  static Result<void> join(const FaultContext& context, Node& node) {
    if (auto joined = context.database->join(node); !joined) return joined;
    std::string why;
    for (const auto deadline = Deadline::after(std::chrono::seconds(10)); !deadline.passed();) {
      const auto members = context.database->members(node);
      if (members && std::ranges::count(*members, node.name()) > 0) return {};
      why = members ? "it does not say that it is a member" : members.error().what;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return failure(ErrorKind::timeout, "it has joined, and does not serve: " + why);
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Membership);

}  // namespace gauntlet
