#include "checker/transactional/incremental_order.hpp"

#include <algorithm>
#include <deque>

#include "base/assert.hpp"

namespace gauntlet {

namespace {

std::vector<Arc> reversed(const std::vector<Arc>& arcs, const std::vector<Arc>& more) {
  std::vector<Arc> result;
  result.reserve(arcs.size() + more.size());
  for (const auto* part : {&arcs, &more}) {
    for (const Arc& arc : *part)
      result.push_back({arc.to, arc.from});
  }
  return result;
}

}  // namespace

IncrementalOrder::IncrementalOrder(Vertex vertices, const std::vector<Arc>& arcs,
                                   const std::vector<Arc>& more, const std::vector<Vertex>& order,
                                   Effort& effort)
    : out_(vertices, arcs, more),
      in_(vertices, reversed(arcs, more), {}),
      more_out_(vertices),
      more_in_(vertices),
      position_(vertices),
      effort_(effort),
      visited_(vertices, 0),
      cost_(vertices, 0),
      via_(vertices) {
  GAUNTLET_ASSERT(order.size() == vertices);
  for (std::uint32_t i = 0; i < vertices; ++i)
    position_[order[i]] = i;
}

bool IncrementalOrder::add(Arc arc, ArcLabel label) {
  if (position_[arc.from] >= position_[arc.to]) {
    if (arc.from == arc.to || !search_forward(arc.to, arc.from)) {
      trace_cycle(arc.to, arc.from);
      return false;
    }
    search_backward(arc.from, arc.to);
    reorder();
  }
  more_out_[arc.from].push_back({arc.to, label});
  more_in_[arc.to].push_back({arc.from, label});
  added_.push_back(arc);
  return true;
}

void IncrementalOrder::remove_last() {
  const Arc arc = added_.back();
  added_.pop_back();
  more_out_[arc.from].pop_back();
  more_in_[arc.to].pop_back();
}

/// What `from` leads to up to `to`'s position. False if `to` is among it.
bool IncrementalOrder::search_forward(Vertex from, Vertex to) {
  ++search_;
  forward_.assign(1, from);
  visited_[from] = search_;
  const std::uint32_t limit = position_[to];
  bool found = false;
  const auto visit = [&](Vertex v) {
    if (v == to) found = true;
    if (visited_[v] == search_ || position_[v] > limit) return;
    visited_[v] = search_;
    forward_.push_back(v);
  };
  for (std::size_t i = 0; i < forward_.size() && !found; ++i) {
    effort_.exhausted();
    const Vertex v = forward_[i];
    for (const Vertex next : out_.out(v))
      visit(next);
    for (const Link& link : more_out_[v])
      visit(link.to);
  }
  return !found;
}

/// What leads to `from` from `to`'s position on.
void IncrementalOrder::search_backward(Vertex from, Vertex to) {
  ++search_;
  backward_.assign(1, from);
  visited_[from] = search_;
  const std::uint32_t limit = position_[to];
  const auto visit = [&](Vertex v) {
    if (visited_[v] == search_ || position_[v] < limit) return;
    visited_[v] = search_;
    backward_.push_back(v);
  };
  for (std::size_t i = 0; i < backward_.size(); ++i) {
    effort_.exhausted();
    const Vertex v = backward_[i];
    for (const Vertex next : in_.out(v))
      visit(next);
    for (const Link& link : more_in_[v])
      visit(link.to);
  }
}

/// The places of both sets go to the backward one first, each in the order that it had.
void IncrementalOrder::reorder() {
  const auto by_position = [&](Vertex a, Vertex b) { return position_[a] < position_[b]; };
  std::sort(forward_.begin(), forward_.end(), by_position);
  std::sort(backward_.begin(), backward_.end(), by_position);
  places_.clear();
  for (const auto* set : {&backward_, &forward_}) {
    for (const Vertex v : *set)
      places_.push_back(position_[v]);
  }
  std::sort(places_.begin(), places_.end());
  std::size_t i = 0;
  for (const auto* set : {&backward_, &forward_}) {
    for (const Vertex v : *set)
      position_[v] = places_[i++];
  }
}

/// A path between positions of its ends with the fewest labels (breadth first, arcs without labels
/// before those with).
void IncrementalOrder::trace_cycle(Vertex from, Vertex to) {
  ++search_;
  cycle_vertices_.assign(1, from);
  cycle_labels_.clear();
  if (from == to) return;
  const std::uint32_t limit = position_[to];
  std::deque<Vertex> queue{from};
  visited_[from] = search_;
  cost_[from] = 0;
  const auto visit = [&](Vertex v, Link link) {
    if (position_[link.to] > limit) return;
    const std::uint32_t cost = cost_[v] + (link.label != 0 ? 1 : 0);
    if (visited_[link.to] == search_ && cost_[link.to] <= cost) return;
    visited_[link.to] = search_;
    cost_[link.to] = cost;
    via_[link.to] = {v, link.label};
    if (link.label != 0) {
      queue.push_back(link.to);
    } else {
      queue.push_front(link.to);
    }
  };
  while (!queue.empty()) {
    effort_.exhausted();
    const Vertex v = queue.front();
    queue.pop_front();
    if (v == to) break;
    for (const Vertex next : out_.out(v))
      visit(v, {next, 0});
    for (const Link& link : more_out_[v])
      visit(v, link);
  }
  for (Vertex v = to; v != from; v = via_[v].to) {
    cycle_vertices_.push_back(v);
    if (via_[v].label != 0) cycle_labels_.push_back(via_[v].label);
  }
}

std::vector<Vertex> IncrementalOrder::order() const {
  std::vector<Vertex> result(position_.size());
  for (Vertex v = 0; v < position_.size(); ++v)
    result[position_[v]] = v;
  return result;
}

}  // namespace gauntlet
