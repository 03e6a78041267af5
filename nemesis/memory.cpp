// Memory: nodes may use little more memory than they hold now (the limit of their cgroup).
//
// First the page cache goes, so that reads come from the disk; then allocations fail or the kernel
// kills what holds most (the OOM killer). What ended is started again at the heal.
#include <fmt/format.h>

#include <algorithm>

#include "base/integer.hpp"
#include "nemesis/bring_back.hpp"
#include "nemesis/fault.hpp"
#include "nemesis/machine_fault.hpp"
#include "nemesis/script.hpp"
#include "nemesis/typed_parameter.hpp"
#include "nemesis/words.hpp"

namespace gauntlet {

namespace {

constexpr std::int64_t mib = 1 << 20;
constexpr std::int64_t limit_min = 8 * mib;  ///< Docker wants 6 MiB

NumberParameter spare_mib() {
  return {"spare_mib", 16, 0, 1e6, "the limit: so many MiB above what cannot be given back now"};
}
NumberParameter limit_mib() {
  return {"limit_mib", 0, 0, 1e6, "the limit in MiB, instead; 0: by spare_mib"};
}

/// What the node's cgroup holds, in either version, in the words of version 1.
Result<std::string> cgroup_says(Node& node, const std::string& what) {
  return run_script(node, "memory of the cgroup",
                    "cd /sys/fs/cgroup/memory 2>/dev/null || cd /sys/fs/cgroup\n" + what);
}

/// All memory but the cache of files, in bytes.
Result<std::int64_t> memory_held(Node& node) {
  const auto said = cgroup_says(
      node,
      "{ cat memory.usage_in_bytes 2>/dev/null || cat memory.current; } && cat memory.stat\n");
  if (!said) return said.error();
  std::string_view text = *said;
  const auto usage = integer_from(take_until(text, '\n'));
  if (!usage) return failure(ErrorKind::remote, "the memory in use cannot be read");
  std::int64_t cache = 0, total_cache = -1;
  while (!text.empty()) {
    std::string_view value = take_until(text, '\n');
    const std::string_view key = take_until(value, ' ');
    const std::int64_t bytes = integer_from(value).value_or(0);
    // Version 1 says the same of the cgroup itself, without the total.
    if (key == "total_active_file" || key == "total_inactive_file")
      total_cache = std::max<std::int64_t>(total_cache, 0) + bytes;
    if (key == "active_file" || key == "inactive_file") cache += bytes;
  }
  return std::max<std::int64_t>(*usage - (total_cache >= 0 ? total_cache : cache), 0);
}

Result<std::int64_t> limit_seen(Node& node) {
  const auto said = cgroup_says(node, "cat memory.limit_in_bytes 2>/dev/null || cat memory.max\n");
  if (!said) return said.error();
  std::string_view text = *said;
  const auto limit = integer_from(take_until(text, '\n'));
  if (!limit) return failure(ErrorKind::remote, "the node sees no limit of its memory");
  return *limit;
}

std::string in_mib(std::int64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / static_cast<double>(mib));
}

std::int64_t number_in(const Value* map, const std::string& name) {
  const Value* const found = map == nullptr ? nullptr : map->find(name);
  return found != nullptr && found->is_integer() ? found->integer() : 0;
}

class Memory : public MachineFault {
 public:
  std::string_view name() const override { return "memory"; }
  std::vector<std::string_view> packages() const override { return {"resource"}; }
  std::string_view description() const override {
    return "nodes may use little more memory than they hold";
  }
  std::string_view proof() const override { return "the limit as Docker and as the node see it"; }
  std::string_view needs() const override {
    return "nodes that are containers, with a limit of memory";
  }
  std::vector<FaultParameter> parameters() const override {
    auto all = MachineFault::parameters();
    all.push_back(to_parameter(spare_mib()));
    all.push_back(to_parameter(limit_mib()));
    return all;
  }
  Result<void> check(const Value& parameters,
                     const std::vector<std::string>& nodes) const override {
    if (auto sound = check_numbers(parameters, {spare_mib(), limit_mib()}); !sound) return sound;
    return MachineFault::check(parameters, nodes);
  }
  std::optional<std::string> unsupported(const FaultContext& context) const override {
    if (auto why = MachineFault::unsupported(context)) return why;
    Node& node = *context.cluster->nodes().front();
    const auto limits = context.cluster->machines()->memory_limits(node);
    if (!limits) return limits.error().what;
    if (limits->now.memory <= 0) return "the nodes have no limit of memory that could be lowered";
    if (const auto seen = limit_seen(node); !seen) return seen.error().what;
    return std::nullopt;
  }

  /// The plan: "targets", by node "limit", "before" and "before_with_swap" in bytes, and "disks".
  Result<Value> prepare(const FaultContext& context, const Value& parameters,
                        Random& random) const override {
    const auto targets = choose(context, parameters, random);
    if (!targets) return targets.error();
    Value plan = Value::map({{"targets", to_value(*targets)}});
    put_numbers(plan, parameters, {spare_mib(), limit_mib()});
    const auto in_bytes = [&](const NumberParameter& number) {
      return static_cast<std::int64_t>(number_or_default(plan, number) * static_cast<double>(mib));
    };
    Value limits = Value::map({}), before = Value::map({}), with_swap = Value::map({});
    for (Node* node : nodes_named(*context.cluster, *targets)) {
      const auto now = context.cluster->machines()->memory_limits(*node);
      if (!now) return now.error();
      // Healed in another order than injected, two would leave the first one's limit.
      if (now->now != now->usual) {
        return failure(ErrorKind::conflict, fmt::format("{} may use only {} already", node->name(),
                                                        in_mib(now->now.memory)));
      }
      std::int64_t limit = in_bytes(limit_mib());
      if (limit == 0) {
        const auto held = memory_held(*node);
        if (!held) return held.error();
        limit = *held + in_bytes(spare_mib());
      }
      limits.set(node->name(), std::max(limit, limit_min) / 4096 * 4096);
      before.set(node->name(), now->now.memory);
      with_swap.set(node->name(), now->now.with_swap);
    }
    plan.set("limit", std::move(limits));
    plan.set("before", std::move(before));
    plan.set("before_with_swap", std::move(with_swap));
    const auto disks = disks_of(context, *targets);
    if (!disks) return disks.error();
    plan.set("disks", to_value(*disks));
    return plan;
  }

  FaultOutcome inject(const FaultContext& context, const Value& plan) const override {
    if (auto why = no_machines(context)) return {false, "", *why};
    const auto nodes = targets_of(context, plan);
    const auto limited = on_each<std::string>(nodes, [&](Node& node) -> Result<std::string> {
      const std::int64_t limit = number_in(plan.find("limit"), node.name());
      if (limit < limit_min) return failure(ErrorKind::input, "the plan makes no sense");
      const auto set = context.cluster->machines()->limit_memory(node, {limit, limit});
      if (!set) return set.error();
      const auto seen = limit_seen(node);
      if (!seen) return seen.error();
      if (*seen != limit) return failure(ErrorKind::remote, "sees a limit of " + in_mib(*seen));
      return "may use " + in_mib(limit);
    });
    const std::string told = told_of_each(nodes, limited);
    // A cgroup whose memory cannot be pressed below the limit refuses it.
    if (successes(limited) == 0) return {false, told, told};
    return {true, told, {}};
  }

  FaultOutcome heal(const FaultContext& context, const Value& plan) const override {
    if (auto why = no_machines(context)) return {false, *why, {}};
    if (context.database == nullptr) return {false, "the database is not known", {}};
    const auto nodes = targets_of(context, plan);
    const auto freed = on_each<std::string>(nodes, [&](Node& node) -> Result<std::string> {
      const MemoryLimit before{number_in(plan.find("before"), node.name()),
                               number_in(plan.find("before_with_swap"), node.name())};
      if (auto set = give_back(context, node, before); !set) return set.error();
      const auto ended = start_if_ended(context, node, had_disk(plan, node));
      if (!ended) return ended.error();
      return fmt::format("may use {}{}", in_mib(before.memory), *ended ? ", started again" : "");
    });
    return {successes(freed) == nodes.size(), told_of_each(nodes, freed), {}};
  }

  Result<std::string> residue(const FaultContext& context, Node& node) const override {
    if (context.cluster->machines() == nullptr) return std::string();
    const auto limits = context.cluster->machines()->memory_limits(node);
    if (!limits) return limits.error();
    if (limits->now == limits->usual) return std::string();
    return fmt::format("the node may use only {} of {}", in_mib(limits->now.memory),
                       in_mib(limits->usual.memory));
  }
  Result<void> clear(const FaultContext& context, Node& node) const override {
    const auto limits = context.cluster->machines()->memory_limits(node);
    if (!limits) return limits.error();
    return give_back(context, node, limits->usual);
  }

 private:
  /// The OOM killer may have taken the machine's first process, and so the machine.
  static Result<void> give_back(const FaultContext& context, Node& node,
                                const MemoryLimit& before) {
    if (before.memory <= 0) return failure(ErrorKind::input, "the limit before is not known");
    const auto set = context.cluster->machines()->limit_memory(node, before);
    if (!set) return set.error();
    const auto up = bring_machine_back(*context.cluster, node);
    if (!up) return up.error();
    const auto seen = limit_seen(node);
    if (!seen) return seen.error();
    if (*seen == before.memory) return {};
    return failure(ErrorKind::remote, "still sees a limit of " + in_mib(*seen));
  }
};

}  // namespace

GAUNTLET_REGISTER(Fault, Memory);

}  // namespace gauntlet
