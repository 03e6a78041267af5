#include "checker/causal/order_evidence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace gauntlet::causal {

Deriving::Deriving(const Accesses& accesses, std::span<const ForcedEdge> edges,
                   std::span<const ForcedBy> reasons, Effort& effort)
    : accesses_(accesses),
      edges_(edges),
      reasons_(reasons),
      effort_(effort),
      paths_(accesses, edges) {}

std::optional<Derivation> Deriving::derive(const std::vector<Hop>& cycle) {
  derivation_ = {};
  plain_.clear();
  derived_.clear();
  if (cycle.empty()) return std::nullopt;
  const auto needed = forced_in(cycle);
  if (!needed) return std::nullopt;
  for (const auto& [position, hops] : *needed)
    add_forced(position, hops);
  derivation_.cycle = add_path(cycle);
  return std::move(derivation_);
}

/// All forced edges that the cycle needs, each with the path that it follows from. Ascending: a
/// path is of edges that were forced earlier.
std::optional<std::map<std::uint32_t, std::vector<Hop>>> Deriving::forced_in(
    const std::vector<Hop>& cycle) {
  std::map<std::uint32_t, std::vector<Hop>> needed;
  std::vector<std::uint32_t> open;
  const auto note = [&](const std::vector<Hop>& hops) {
    for (const Hop& hop : hops) {
      if (hop.kind == Hop::Kind::forced && needed.try_emplace(hop.forced).second)
        open.push_back(hop.forced);
    }
  };
  note(cycle);
  constexpr std::size_t few = 64;
  while (!open.empty()) {
    if (needed.size() > few && effort_.exhausted_now()) return std::nullopt;
    const std::uint32_t position = open.back();
    open.pop_back();
    if (rule_of(position) == EdgeRule::initial) continue;
    std::vector<Hop> hops = reason_of(position);
    if (hops.empty()) return std::nullopt;
    note(hops);
    needed[position] = std::move(hops);
  }
  return needed;
}

EdgeRule Deriving::rule_of(std::uint32_t position) const {
  return reasons_.empty() ? EdgeRule::conflict : reasons_[position].rule;
}

std::vector<Hop> Deriving::reason_of(std::uint32_t position) {
  const ForcedEdge& forced = edges_[position];
  if (reasons_.empty()) return path_to_reader(forced.from, forced.to);
  const ForcedBy& reason = reasons_[position];
  if (reason.rule == EdgeRule::conflict) {
    return paths_.path(forced.from, reason.read, false, reason.known);
  }
  return paths_.path(accesses_[forced.from].source, forced.to, false, reason.known);
}

std::vector<std::uint32_t> Deriving::add_path(const std::vector<Hop>& hops) {
  std::vector<std::uint32_t> positions;
  positions.reserve(hops.size());
  for (const Hop& hop : hops)
    positions.push_back(hop.kind == Hop::Kind::forced ? derived_.at(hop.forced) : add_plain(hop));
  return positions;
}

std::uint32_t Deriving::add_plain(const Hop& hop) {
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

void Deriving::add_forced(std::uint32_t position, const std::vector<Hop>& hops) {
  const ForcedEdge& forced = edges_[position];
  DerivedEdge edge{rule_of(position), event(forced.from), event(forced.to)};
  if (edge.rule == EdgeRule::conflict) edge.reader = event(hops.back().to);
  edge.path = add_path(hops);
  derived_[position] = static_cast<std::uint32_t>(derivation_.edges.size());
  derivation_.edges.push_back(std::move(edge));
}

namespace {

/// Where `from` writes, the two reads, as the derivation of a step between versions.
std::vector<std::uint32_t> path_to_set(const Accesses& accesses, const VersionStep& step,
                                       Derivation& derivation) {
  const auto event = [&](AccessId id) { return accesses[id].invocation; };
  const auto next = static_cast<std::uint32_t>(derivation.edges.size());
  if (step.earlier == no_access) {
    derivation.edges.push_back({EdgeRule::session, event(step.from), event(step.reader)});
    return {next};
  }
  derivation.edges.push_back({EdgeRule::reads_from, event(step.from), event(step.earlier)});
  derivation.edges.push_back({EdgeRule::session, event(step.earlier), event(step.reader)});
  return {next, next + 1};
}

}  // namespace

Derivation derivation_of(const Accesses& accesses, const std::vector<VersionStep>& steps) {
  Derivation derivation;
  for (const VersionStep& step : steps) {
    auto path = path_to_set(accesses, step, derivation);
    const auto position = static_cast<std::uint32_t>(derivation.edges.size());
    const EventIndex from = accesses[step.from].invocation;
    const EventIndex reader = accesses[step.reader].invocation;
    if (step.to == initial_value) {
      derivation.edges.push_back({EdgeRule::initial, reader, from});
      derivation.cycle = std::move(path);
    } else {
      derivation.edges.push_back(
          {EdgeRule::conflict, from, accesses[step.to].invocation, reader, std::move(path)});
    }
    derivation.cycle.push_back(position);
  }
  return derivation;
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
            "{}; operation {}, which came after that ({}), found {} of operation {} all the same: "
            "so "
            "operation {} came before operation {}, which replaced its value",
            from, history_.index(edge.reader), path(derivation, edge.path), value(edge.to),
            history_.index(edge.to), history_.index(edge.from), history_.index(edge.to));
      case EdgeRule::overwritten:
        return fmt::format(
            "{}, though {} came after the write of that value ({}): so the read came before "
            "operation {}",
            from, to, path(derivation, edge.path), history_.index(edge.to));
      case EdgeRule::initial:
        return fmt::format("{}, the value from the start: so it came before {}", from, to);
    }
    return "";
  }

 private:
  std::string value(EventIndex write) const {
    return history_.values().to_text(history_.value(write), 60);
  }

  std::string access_name(EventIndex i) const {
    return fmt::format("operation {} of process {}", history_.index(i), history_.process(i));
  }

  const History& history_;
};

const char* name_of(EdgeRule rule) {
  constexpr const char* names[] = {"session", "reads-from", "conflict", "overwritten", "initial"};
  return names[static_cast<std::size_t>(rule)];
}

Value edge_value(const History& history, const DerivedEdge& edge) {
  Value value = Value::map({{"rule", name_of(edge.rule)},
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
    anomaly.edges.push_back(
        {edge.from, edge.to, name_of(edge.rule), wording.edge(derivation, edge), false});
    if (anomaly.explanation.size() < sentences_max) {
      anomaly.explanation.push_back(anomaly.edges.back().why);
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
  for (const std::uint32_t position : derivation.cycle) {
    cycle.emplace_back(static_cast<std::int64_t>(position));
    anomaly.edges[position].in_cycle = true;
  }
  anomaly.certificate = Value::map({{"edges", std::move(edges)}, {"cycle", std::move(cycle)}});
  return anomaly;
}

}  // namespace gauntlet::causal
