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
    const Value f = values.to_value(parts[0]);
    const bool writes = f == Value("w") || f == Value("append");
    ValueId shown = parts[2];
    if (!writes && values.is_list(shown)) {
      auto elements = values.as_list(shown);
      for (auto own = result.rbegin(); own != result.rend() && !elements.empty(); ++own) {
        const bool is_last = own->writes && own->key == parts[1] && own->value == elements.back();
        if (is_last) elements = elements.first(elements.size() - 1);
      }
      shown = elements.empty() ? ValueId::nil : elements.back();
    }
    result.push_back({writes, f == Value("append"), parts[1], shown, parts[2]});
  }
  return result;
}

/// Whether somebody who committed read a list with something that the transaction appended.
bool WeakVerifier::was_seen(EventIndex t) const {
  const Values& values = history_.values();
  const auto own = steps(t);
  for (EventIndex i = 0; i < history_.size(); ++i) {
    if (i == t || !history_.is_client(i) || history_.type(i) != OperationType::invoke) continue;
    if (!ended_well(i)) continue;
    for (const Step& read : steps(i)) {
      if (read.writes || !values.is_list(read.whole)) continue;
      const auto list = values.as_list(read.whole);
      const bool shows = std::any_of(own.begin(), own.end(), [&](const Step& step) {
        return step.is_of_list && step.key == read.key &&
               std::find(list.begin(), list.end(), step.value) != list.end();
      });
      if (shows) return true;
    }
  }
  return false;
}

/// Whether a list that the reader read shows that `to` appended behind `from`.
bool WeakVerifier::shows(const WeakClaim& edge) const {
  if (edge.from == no_event || edge.to == no_event || edge.reader == no_event) return false;
  if (!ended_well(edge.reader)) return false;
  const Values& values = history_.values();
  const auto appended = [&](EventIndex t) {
    std::vector<ValueId> elements;
    for (const Step& step : steps(t)) {
      if (step.writes && step.key == edge.key) elements.push_back(step.value);
    }
    return elements;
  };
  const auto first = appended(edge.from);
  const auto second = appended(edge.to);
  if (first.empty() || second.empty()) return false;
  const auto own = steps(edge.reader);
  return std::any_of(own.begin(), own.end(), [&](const Step& read) {
    if (read.writes || read.key != edge.key || !values.is_list(read.whole)) return false;
    const auto list = values.as_list(read.whole);
    const auto at = std::find_first_of(list.begin(), list.end(), first.begin(), first.end());
    if (at == list.end()) return false;
    // All that `to` appended is behind it, or is not there yet.
    if (std::find_first_of(list.begin(), at, second.begin(), second.end()) != at) return false;
    const bool is_there =
        std::find_first_of(at, list.end(), second.begin(), second.end()) != list.end();
    return is_there || ended_well(edge.to) || was_seen(edge.to);
  });
}

bool WeakVerifier::ended_well(EventIndex invocation) const {
  const EventIndex end = history_.partner(invocation);
  return end != no_event && history_.type(end) == OperationType::ok;
}

/// Whether `reader` read the key from `writer`, before it had written the key itself; `at`: where.
/// The read of a list tells that behind appends of its own, too.
bool WeakVerifier::read(EventIndex reader, ValueId key, EventIndex writer, std::size_t& at) const {
  if (!ended_well(reader)) return false;
  const auto own = steps(reader);
  const auto first = std::find_if(own.begin(), own.end(), [&](const Step& s) {
    const bool is_append = s.writes && s.is_of_list;
    return s.key == key && !is_append;
  });
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
    if (hop.from != place) return false;
    if (hop.kind != WeakEdge::Kind::session && hop.kind != WeakEdge::Kind::reads) return false;
    if (!follows(level, with_sessions, hop)) return false;
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
    case WeakEdge::Kind::version:
      return shows(edge);
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
