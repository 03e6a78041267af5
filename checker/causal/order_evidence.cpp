#include "checker/causal/order_evidence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace gauntlet::causal {

Deriving::Deriving(const Accesses& accesses, std::span<const ForcedEdge> edges,
                   std::span<const ForcedBy> reasons)
    : accesses_(accesses), edges_(edges), reasons_(reasons), paths_(accesses, edges) {}

std::optional<Derivation> Deriving::derive(const std::vector<Hop>& cycle) {
  derivation_ = {};
  plain_.clear();
  derived_.clear();
  auto path = add_path(cycle);
  if (!path) return std::nullopt;
  derivation_.cycle = std::move(*path);
  return std::move(derivation_);
}

std::optional<std::vector<std::uint32_t>> Deriving::add_path(const std::vector<Hop>& hops) {
  if (hops.empty()) return std::nullopt;
  std::vector<std::uint32_t> positions;
  for (const Hop& hop : hops) {
    const auto position = add(hop);
    if (!position) return std::nullopt;
    positions.push_back(*position);
  }
  return positions;
}

std::optional<std::uint32_t> Deriving::add(const Hop& hop) {
  if (hop.kind == Hop::Kind::forced) return add_forced(hop.forced);
  const auto next = static_cast<std::uint32_t>(derivation_.edges.size());
  const auto [at, is_new] = plain_.try_emplace({hop.from, hop.to}, next);
  if (is_new) {
    const bool is_session = hop.kind == Hop::Kind::session;
    derivation_.edges.push_back(
        {is_session ? EdgeRule::session : EdgeRule::reads_from, event(hop.from), event(hop.to)});
  }
  return at->second;
}

std::vector<Hop> Deriving::path_to_reader(AccessId from, AccessId write) {
  return paths_.path(from, write, true, 0);
}

std::optional<std::uint32_t> Deriving::add_forced(std::uint32_t position) {
  if (const auto at = derived_.find(position); at != derived_.end()) return at->second;
  const ForcedEdge& forced = edges_[position];
  const EdgeRule rule = reasons_.empty() ? EdgeRule::conflict : reasons_[position].rule;
  DerivedEdge edge{rule, event(forced.from), event(forced.to)};
  if (rule != EdgeRule::initial) {
    std::vector<Hop> hops;
    if (reasons_.empty()) {
      hops = path_to_reader(forced.from, forced.to);
    } else if (rule == EdgeRule::conflict) {
      const ForcedBy& reason = reasons_[position];
      hops = paths_.path(forced.from, reason.read, false, reason.known);
    } else {
      const AccessId source = accesses_[forced.from].source;
      hops = paths_.path(source, forced.to, false, reasons_[position].known);
    }
    if (hops.empty()) return std::nullopt;
    if (rule == EdgeRule::conflict) edge.reader = event(hops.back().to);
    auto path = add_path(hops);
    if (!path) return std::nullopt;
    edge.path = std::move(*path);
  }
  const auto added = static_cast<std::uint32_t>(derivation_.edges.size());
  derivation_.edges.push_back(std::move(edge));
  derived_[position] = added;
  return added;
}

std::string pattern_name(const Derivation& derivation, bool of_view) {
  std::size_t conflicts = 0, initials = 0, overwritten = 0;
  bool in_co = true;
  const auto is_plain = [&](std::uint32_t position) {
    const EdgeRule rule = derivation.edges[position].rule;
    return rule == EdgeRule::session || rule == EdgeRule::reads_from;
  };
  for (const DerivedEdge& edge : derivation.edges) {
    conflicts += edge.rule == EdgeRule::conflict;
    initials += edge.rule == EdgeRule::initial;
    overwritten += edge.rule == EdgeRule::overwritten;
    in_co = in_co && std::all_of(edge.path.begin(), edge.path.end(), is_plain);
  }
  if (conflicts + initials + overwritten == 0) return "CyclicCO";
  if (overwritten == 0 && in_co && conflicts + initials == 1) {
    return initials == 1 ? "WriteCOInitRead" : "WriteCORead";
  }
  if (of_view) {
    // A cycle that holds an initial edge once says that the write is before the read.
    const auto is_initial = [&](std::uint32_t position) {
      return derivation.edges[position].rule == EdgeRule::initial;
    };
    const bool by_initial =
        std::any_of(derivation.cycle.begin(), derivation.cycle.end(), is_initial);
    return by_initial ? "WriteHBInitRead" : "CyclicHB";
  }
  if (overwritten == 0 && in_co && initials == 0) return "CyclicCF";
  return "cyclic sequential order";
}

namespace {

/// Texts of the history's operations and of edges between them.
class Wording {
 public:
  explicit Wording(const History& history) : history_(history) {}

  std::string access(EventIndex i) const {
    return describe_access(history_, i) + fmt::format(" (operation {})", history_.index(i));
  }

  std::string path(const Derivation& derivation, const std::vector<std::uint32_t>& path) const {
    constexpr std::size_t shown_max = 8;
    std::string text = fmt::format("{}", history_.index(derivation.edges[path.front()].from));
    for (std::size_t i = 0; i < path.size() && i < shown_max; ++i)
      text += fmt::format(" -> {}", history_.index(derivation.edges[path[i]].to));
    if (path.size() > shown_max) {
      text += fmt::format(" -> ... -> {}", history_.index(derivation.edges[path.back()].to));
    }
    return text;
  }

  std::string edge(const Derivation& derivation, const DerivedEdge& edge) const {
    const std::string from = access(edge.from), to = access(edge.to);
    switch (edge.rule) {
      case EdgeRule::session:
        return fmt::format("{}, and after that {}", from, to);
      case EdgeRule::reads_from:
        return fmt::format("{}, and that is what {} found", from, access_name(edge.to));
      case EdgeRule::conflict:
        return fmt::format(
            "{}; it comes before operation {} ({}), which found what operation {} wrote: so {} "
            "came before operation {}",
            from, history_.index(edge.reader), path(derivation, edge.path), history_.index(edge.to),
            access_name(edge.from), history_.index(edge.to));
      case EdgeRule::overwritten:
        return fmt::format(
            "{}; operation {} replaced that value later ({}): so the read came before {}", from,
            history_.index(edge.to), path(derivation, edge.path), to);
      case EdgeRule::initial:
        return fmt::format("{}, the value from the start: so it came before {}", from, to);
    }
    return "";
  }

 private:
  std::string access_name(EventIndex i) const {
    return fmt::format("operation {} of process {}", history_.index(i), history_.process(i));
  }

  const History& history_;
};

Value edge_value(const History& history, const DerivedEdge& edge) {
  constexpr const char* rules[] = {"session", "reads-from", "conflict", "overwritten", "initial"};
  Value value = Value::map({{"rule", rules[static_cast<std::size_t>(edge.rule)]},
                            {"from", history.index(edge.from)},
                            {"to", history.index(edge.to)}});
  if (edge.reader != no_event) value.set("reader", history.index(edge.reader));
  Value::List path;
  for (const std::uint32_t position : edge.path)
    path.emplace_back(static_cast<std::int64_t>(position));
  if (!path.empty()) value.set("path", std::move(path));
  return value;
}

}  // namespace

std::string describe_access(const History& history, EventIndex invocation) {
  const std::string_view f = history.function_name(history.f(invocation));
  const bool is_write = f == "write" || f == "put";
  const EventIndex completion = history.partner(invocation);
  const ValueId value = history.value(is_write ? invocation : completion);
  std::string text = fmt::format("process {} {} {}", history.process(invocation),
                                 is_write ? "wrote" : "read", history.values().to_text(value, 60));
  if (history.has_keys()) {
    text += fmt::format(" {} {}", is_write ? "to" : "from",
                        history.values().to_text(history.key(invocation), 60));
  }
  return text;
}

Anomaly anomaly_of(const History& history, const Derivation& derivation, std::string name) {
  constexpr std::size_t sentences_max = 40;
  Anomaly anomaly;
  anomaly.name = std::move(name);
  const Wording wording(history);
  std::set<EventIndex> operations;
  Value::List edges;
  std::set<ValueId> keys;
  for (const DerivedEdge& edge : derivation.edges) {
    for (const EventIndex i : {edge.from, edge.to, edge.reader}) {
      if (i != no_event) operations.insert(i);
    }
    if (edge.rule != EdgeRule::session) keys.insert(history.key(edge.to));
    edges.push_back(edge_value(history, edge));
    if (anomaly.explanation.size() < sentences_max) {
      anomaly.explanation.push_back(wording.edge(derivation, edge));
    }
  }
  if (derivation.edges.size() > sentences_max) {
    anomaly.explanation.push_back(
        fmt::format("... and {} more steps of this kind", derivation.edges.size() - sentences_max));
  }
  anomaly.explanation.push_back(
      fmt::format("each would have to come before the next and the last before the first: {}",
                  wording.path(derivation, derivation.cycle)));
  if (history.has_keys() && keys.size() == 1) {
    anomaly.key = history.values().to_text(*keys.begin(), 60);
  }
  anomaly.operations.assign(operations.begin(), operations.end());
  for (const EventIndex i : operations) {
    const EventIndex completion = history.partner(i);
    const EventIndex end = completion == no_event ? i : completion;
    if (anomaly.detected_at == no_event || end > anomaly.detected_at) anomaly.detected_at = end;
  }
  Value::List cycle;
  for (const std::uint32_t position : derivation.cycle)
    cycle.emplace_back(static_cast<std::int64_t>(position));
  anomaly.certificate = Value::map({{"edges", std::move(edges)}, {"cycle", std::move(cycle)}});
  return anomaly;
}

}  // namespace gauntlet::causal
