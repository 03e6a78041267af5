#include "checker/transactional/weak_verifier.hpp"

#include <algorithm>

namespace gauntlet {

namespace {

Error refuse(const char* what) {
  return failure(ErrorKind::internal, what);
}

}  // namespace

WeakVerifier::WeakVerifier(const History& history, const Value& initial)
    : history_(history), initial_(initial) {
  for (EventIndex i = 0; i < history.size(); ++i) {
    if (!history.is_client(i) || history.type(i) != OperationType::invoke) continue;
    for (const Step& step : steps(i)) {
      if (!step.writes) continue;
      auto& writers = writers_[{step.key, step.value}];
      if (writers.empty() || writers.back() != i) writers.push_back(i);
    }
  }
}

std::vector<WeakVerifier::Step> WeakVerifier::steps(EventIndex invocation) const {
  const Values& values = history_.values();
  const ValueId value =
      history_.value(ended_well(invocation) ? history_.partner(invocation) : invocation);
  std::vector<Step> result;
  if (!values.is_list(value)) return result;
  for (const ValueId micro : values.as_list(value)) {
    if (!values.is_list(micro) || values.as_list(micro).size() != 3) continue;
    const auto parts = values.as_list(micro);
    result.push_back({values.to_value(parts[0]) == Value("w"), parts[1], parts[2]});
  }
  return result;
}

bool WeakVerifier::ended_well(EventIndex invocation) const {
  const EventIndex end = history_.partner(invocation);
  return end != no_event && history_.type(end) == OperationType::ok;
}

/// Whether `reader` read the key from `writer`, before it had touched the key itself; `at`: where.
bool WeakVerifier::read(EventIndex reader, ValueId key, EventIndex writer, std::size_t& at) const {
  if (!ended_well(reader)) return false;
  const auto own = steps(reader);
  const auto first =
      std::find_if(own.begin(), own.end(), [&](const Step& s) { return s.key == key; });
  if (first == own.end() || first->writes) return false;
  at = static_cast<std::size_t>(first - own.begin());
  std::vector<EventIndex> candidates;
  if (const auto found = writers_.find({key, first->value}); found != writers_.end()) {
    for (const EventIndex other : found->second) {
      if (other != reader && leaves(other, key, first->value)) candidates.push_back(other);
    }
  }
  const bool is_initial = history_.values().to_value(first->value) == initial_;
  if (writer == no_event) return is_initial && candidates.empty();
  return !is_initial && candidates.size() == 1 && candidates.front() == writer;
}

/// Whether the value is what the transaction wrote to the key last, and it may have happened.
bool WeakVerifier::leaves(EventIndex writer, ValueId key, ValueId value) const {
  const EventIndex end = history_.partner(writer);
  if (end != no_event && history_.type(end) == OperationType::fail) return false;
  const auto its = steps(writer);
  const auto last = std::find_if(its.rbegin(), its.rend(),
                                 [&](const Step& s) { return s.writes && s.key == key; });
  return last != its.rend() && last->value == value;
}

bool WeakVerifier::forces(WeakLevel level, bool with_sessions, const WeakClaim& edge) const {
  std::size_t at = 0;
  if (edge.from == edge.to || edge.from == edge.reader || edge.path.empty()) return false;
  if (!read(edge.reader, edge.key, edge.to, at)) return false;
  const auto its = steps(edge.from);
  const bool writes = std::any_of(its.begin(), its.end(),
                                  [&](const Step& s) { return s.writes && s.key == edge.key; });
  if (!writes) return false;
  EventIndex place = edge.from;
  for (const WeakClaim& hop : edge.path) {
    if (hop.from != place || hop.kind == WeakEdge::Kind::forced) return false;
    if (hop.kind == WeakEdge::Kind::initial || !follows(level, with_sessions, hop)) return false;
    place = hop.to;
  }
  if (place != edge.reader) return false;
  if (level == WeakLevel::causal) return true;
  if (edge.path.size() != 1) return false;
  if (level == WeakLevel::read_atomic) return true;
  std::size_t seen_at = 0;
  const WeakClaim& hop = edge.path.front();
  return hop.kind == WeakEdge::Kind::reads && read(hop.to, hop.key, hop.from, seen_at) &&
         seen_at < at;
}

bool WeakVerifier::follows(WeakLevel level, bool with_sessions, const WeakClaim& edge) const {
  std::size_t at = 0;
  switch (edge.kind) {
    case WeakEdge::Kind::session:
      return with_sessions && history_.process(edge.from) == history_.process(edge.to) &&
             ended_well(edge.from) && history_.partner(edge.from) < edge.to;
    case WeakEdge::Kind::reads:
      return edge.from != no_event && read(edge.to, edge.key, edge.from, at);
    case WeakEdge::Kind::forced:
      return forces(level, with_sessions, edge);
    case WeakEdge::Kind::initial:
      break;
  }
  return edge.from == no_event && edge.to != no_event;
}

Result<void> WeakVerifier::cycle(WeakLevel level, bool with_sessions,
                                 std::span<const WeakClaim> edges) const {
  if (edges.empty()) return refuse("an empty cycle");
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (edges[i].to != edges[(i + 1) % edges.size()].from) return refuse("it is not closed");
    if (!follows(level, with_sessions, edges[i])) {
      return refuse("an edge does not follow from the history");
    }
  }
  return {};
}

}  // namespace gauntlet
