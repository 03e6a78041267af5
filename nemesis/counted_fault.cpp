#include "nemesis/counted_fault.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "nemesis/script.hpp"
#include "nemesis/wording.hpp"

namespace gauntlet {

namespace {

/// What a probe sent may be counted a moment later, by a program that has its turn then.
constexpr std::chrono::milliseconds counting_time{800};

/// What all nodes concerned say.
struct Observation {
  NodeNames names;
  std::vector<Node*> nodes;  ///< those of `names` that the cluster has
  std::vector<Result<RuleCounts>> counts;

  std::int64_t sum(std::int64_t RuleCounts::*member) const {
    std::int64_t total = 0;
    for (const auto& one : counts)
      total += one ? (*one).*member : 0;
    return total;
  }
  std::int64_t reached() const {
    return std::ranges::count_if(counts, [](const auto& one) { return one.has_value(); });
  }
  /// "", or " (on 2 of them by netem)".
  std::string netem_words() const {
    const auto count =
        std::ranges::count_if(counts, [](const auto& one) { return one && one->by_netem; });
    if (count == 0) return "";
    return count == reached() ? " (by netem)" : fmt::format(" (on {} of them by netem)", count);
  }
  std::string failures() const {
    std::string text;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!counts[i]) text += "; " + told_of(nodes[i]->name(), counts[i].error());
    }
    for (const auto& name : names) {
      if (std::ranges::count(nodes, name, &Node::name) == 0)
        text += fmt::format("; {} is no node of this cluster", name);
    }
    return text;
  }
};

Observation on_concerned(const Cluster& cluster, const NodeNames& names,
                         const std::function<Result<RuleCounts>(Node&)>& step) {
  Observation seen{names, nodes_named(cluster, names), {}};
  seen.counts = on_each<RuleCounts>(seen.nodes, step);
  return seen;
}

}  // namespace

FaultOutcome CountedFault::inject(const FaultContext& context, const Value& plan) const {
  const auto names = concerned(plan);
  if (!names) return {false, names.error().what, {}};
  const Cluster& cluster = *context.cluster;
  const Nanos start_ns = monotonic_now();
  const Observation applied =
      on_concerned(cluster, *names, [&](Node& node) { return put_in(context, plan, node); });
  const Nanos applied_ns = monotonic_now() - start_ns;
  const std::string doubts = applied.failures();
  const std::int64_t rules = applied.sum(&RuleCounts::rules);
  if (rules == 0) return {false, "nothing is in place" + doubts, {}};

  std::int64_t affected = 0;
  // Twice: a packet was late, or was not among those drawn.
  for (int attempt = 0; attempt < 2 && affected == 0; ++attempt) {
    probe(context, plan);
    const auto deadline = Deadline::after(counting_time);
    while (true) {
      affected = on_concerned(cluster, *names, [&](Node& node) {
                   return count(context, plan, node);
                 }).sum(&RuleCounts::affected);
      if (affected > 0 || deadline.passed()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  linger(context, plan);
  return {
      affected > 0,
      fmt::format("{}: {} on {}{} within {} ms, {} affected so far{}", wording(plan),
                  counted(rules, "rule"), counted(applied.reached(), "node"), applied.netem_words(),
                  applied_ns / nanos_per_millisecond, counted(affected, affected_noun()), doubts),
      {}};
}

FaultOutcome CountedFault::heal(const FaultContext& context, const Value& plan) const {
  const auto names = concerned(plan);
  if (!names) return {false, names.error().what, {}};
  const Observation last = on_concerned(*context.cluster, *names,
                                        [&](Node& node) { return take_out(context, plan, node); });
  const std::string failures = last.failures();
  return {failures.empty(),
          fmt::format("{}: {} removed, {} affected{}", wording(plan),
                      counted(last.sum(&RuleCounts::rules), "rule"),
                      counted(last.sum(&RuleCounts::affected), affected_noun()), failures),
          {}};
}

std::string residue_text(std::string printed) {
  printed.resize(std::min<std::size_t>(printed.find_last_not_of('\n') + 1, 1000));
  std::ranges::replace(printed, '\n', ',');
  return printed;
}

std::optional<std::string> refusal_of(const Cluster& cluster, const std::string& label,
                                      const std::string& script) {
  const auto nodes = cluster.nodes();
  const auto probes =
      on_each<std::string>(nodes, [&](Node& node) { return run_script(node, label, script); });
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (probes[i] || probes[i].error().kind != ErrorKind::remote) continue;
    return fmt::format("{}: {}", nodes[i]->name(), probes[i].error().what);
  }
  return std::nullopt;
}

}  // namespace gauntlet
