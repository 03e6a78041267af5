#include "checker/causal/order_verifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <map>
#include <set>

namespace gauntlet::causal {

namespace {

Error rejected(std::string what) {
  return failure(ErrorKind::internal, std::move(what));
}

}  // namespace

OrderVerifier::OrderVerifier(const History& history, const CheckOptions& options)
    : history_(history), nil_read_(options.nil_read), initial_(options.initial) {
  for (EventIndex i = 0; i < history.size(); ++i) {
    if (!history.is_client(i) || history.type(i) != OperationType::invoke) continue;
    const EventIndex completion = history.partner(i);
    const bool is_ok = completion != no_event && history.type(completion) == OperationType::ok;
    if (completion != no_event && history.type(completion) == OperationType::fail) continue;
    const std::string_view f = history.function_name(history.f(i));
    const bool is_write = f == "write" || f == "put";
    if (!is_write && !(is_ok && (f == "read" || f == "get"))) continue;
    ValueId value = history.value(is_write ? i : completion);
    if ((f == "put" || f == "get") && history.values().kind(value) == Value::Kind::string &&
        history.values().as_string(value).empty()) {
      value = ValueId::nil;  // a store of keys and values does not tell them apart
    }
    if (!is_write && value == ValueId::nil && nil_read_ == NilRead::any) continue;
    claims_.push_back({i, history.process(i), history.key(i), value, is_write, is_ok});
    if (is_write) ++writers_[{history.key(i), value}];
  }
}

const OrderVerifier::Claim* OrderVerifier::claim(EventIndex invocation) const {
  const auto at =
      std::lower_bound(claims_.begin(), claims_.end(), invocation,
                       [](const Claim& claim, EventIndex i) { return claim.invocation < i; });
  return at == claims_.end() || at->invocation != invocation ? nullptr : &*at;
}

bool OrderVerifier::is_initial(ValueId value) const {
  return history_.values().to_value(value) == initial_;
}

/// Whether nothing but `write` can have written what `read` found.
bool OrderVerifier::reads_from(const Claim& read, const Claim& write) const {
  if (read.is_write || !write.is_write || read.key != write.key || read.value != write.value) {
    return false;
  }
  const auto at = writers_.find({read.key, read.value});
  return at != writers_.end() && at->second == 1 && !is_initial(read.value);
}

Result<void> OrderVerifier::check_path(const Derivation& derivation,
                                       std::span<const std::uint32_t> path, EventIndex from,
                                       EventIndex to, std::uint32_t before) const {
  if (path.empty()) return rejected("a path has no edges");
  EventIndex at = from;
  for (const std::uint32_t position : path) {
    if (position >= before) return rejected("an edge is used before it is shown");
    if (derivation.edges[position].from != at) return rejected("a path is broken");
    at = derivation.edges[position].to;
  }
  if (at != to) return rejected("a path leads elsewhere");
  return {};
}

Result<void> OrderVerifier::check_edge(const Derivation& derivation, std::uint32_t position) const {
  const DerivedEdge& edge = derivation.edges[position];
  const Claim* from = claim(edge.from);
  const Claim* to = claim(edge.to);
  if (from == nullptr || to == nullptr)
    return rejected("an edge is about no operation that counts");
  const bool same_key = from->key == to->key;
  switch (edge.rule) {
    case EdgeRule::session:
      if (from->process == to->process && edge.from < edge.to) return {};
      return rejected("no session holds these operations in this order");
    case EdgeRule::reads_from:
      if (reads_from(*to, *from)) return {};
      return rejected("the one does not read from the other");
    case EdgeRule::conflict: {
      const Claim* reader = claim(edge.reader);
      if (reader == nullptr || !same_key || !from->is_write || edge.from == edge.to ||
          !reads_from(*reader, *to)) {
        return rejected("this is no conflict of two writes of a key");
      }
      return check_path(derivation, edge.path, edge.from, edge.reader, position);
    }
    case EdgeRule::overwritten: {
      if (edge.path.empty()) return rejected("a path has no edges");
      if (edge.path.front() >= position) return rejected("an edge is used before it is shown");
      const EventIndex source = derivation.edges[edge.path.front()].from;
      const Claim* write = claim(source);
      if (write == nullptr || !same_key || !to->is_write || source == edge.to ||
          !reads_from(*from, *write)) {
        return rejected("this read was not overwritten");
      }
      return check_path(derivation, edge.path, source, edge.to, position);
    }
    case EdgeRule::initial: {
      const bool is_unwritten = !writers_.contains({from->key, from->value});
      if (!from->is_write && to->is_write && same_key && is_unwritten && is_initial(from->value)) {
        return {};
      }
      return rejected("this is no read of an initial value and a write of its key");
    }
  }
  return rejected("there is no such rule");
}

Result<OrderModels> OrderVerifier::refutes(const Derivation& derivation) const {
  for (std::uint32_t i = 0; i < derivation.edges.size(); ++i) {
    if (auto checked = check_edge(derivation, i); !checked) return checked.error();
  }
  if (derivation.cycle.empty()) return rejected("there is no cycle");
  const auto all = static_cast<std::uint32_t>(derivation.edges.size());
  if (derivation.cycle.front() >= all) return rejected("an edge is used before it is shown");
  const EventIndex start = derivation.edges[derivation.cycle.front()].from;
  if (auto closed = check_path(derivation, derivation.cycle, start, start, all); !closed) {
    return closed.error();
  }
  return refuted_by(derivation);
}

OrderModels OrderVerifier::refuted_by(const Derivation& derivation) const {
  std::vector<bool> used(derivation.edges.size(), false);
  std::vector<bool> in_cycle(derivation.edges.size(), false);
  for (const std::uint32_t position : derivation.cycle)
    used[position] = in_cycle[position] = true;
  for (std::size_t i = used.size(); i-- > 0;) {
    if (!used[i]) continue;
    for (const std::uint32_t position : derivation.edges[i].path)
      used[position] = true;
  }
  std::size_t conflicts = 0, initials = 0;  // in the cycle
  bool in_co = true;  // all else is in CO, and so are the paths of the conflicts
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    const EdgeRule rule = derivation.edges[i].rule;
    if (rule == EdgeRule::session || rule == EdgeRule::reads_from) continue;
    in_co = in_co && in_cycle[i] && rule != EdgeRule::overwritten;
    conflicts += rule == EdgeRule::conflict;
    initials += rule == EdgeRule::initial;
    for (const std::uint32_t position : derivation.edges[i].path) {
      const EdgeRule of_path = derivation.edges[position].rule;
      in_co = in_co && (of_path == EdgeRule::session || of_path == EdgeRule::reads_from);
    }
  }
  OrderModels result = OrderModel::sequential;
  if (in_co && conflicts + initials <= 1) result.add(with_stronger(OrderModel::causal));
  if (in_co && initials == 0) result.add(OrderModel::causal_convergence);
  if (by_views(derivation, used, false)) result.add(OrderModel::causal_memory);
  if (by_views(derivation, used, true)) result.add(with_stronger(OrderModel::pram));
  const auto is_plain = [&](std::uint32_t position) {
    const EdgeRule rule = derivation.edges[position].rule;
    return rule == EdgeRule::session || rule == EdgeRule::reads_from;
  };
  if (std::all_of(derivation.cycle.begin(), derivation.cycle.end(), is_plain)) {
    result.add(with_stronger(OrderModel::writes_follow_reads));
  }
  if (by_sets(derivation, &OrderVerifier::is_own_write)) {
    result.add(with_stronger(OrderModel::read_your_writes));
  }
  if (by_sets(derivation, &OrderVerifier::is_found_before)) {
    result.add(with_stronger(OrderModel::monotonic_reads));
  }
  return result;
}

/// Whether the path goes from a write to a later read of its session.
bool OrderVerifier::is_own_write(const Derivation& derivation,
                                 std::span<const std::uint32_t> path) const {
  return path.size() == 1 && derivation.edges[path[0]].rule == EdgeRule::session &&
         claim(derivation.edges[path[0]].from)->is_write;
}

/// Whether the path goes from a write to a read that found it and on to a later read of the
/// session.
bool OrderVerifier::is_found_before(const Derivation& derivation,
                                    std::span<const std::uint32_t> path) const {
  return path.size() == 2 && derivation.edges[path[0]].rule == EdgeRule::reads_from &&
         derivation.edges[path[1]].rule == EdgeRule::session;
}

/// Whether the cycle is one of the order of writes, each step forced because `leads_to_set` says
/// that a write is in the set of a read; or is one such path to a read of the initial value.
bool OrderVerifier::by_sets(const Derivation& derivation,
                            bool (OrderVerifier::*leads_to_set)(const Derivation&,
                                                                std::span<const std::uint32_t>)
                                const) const {
  const auto& cycle = derivation.cycle;
  const auto is_conflict = [&](std::uint32_t position) {
    const DerivedEdge& edge = derivation.edges[position];
    return edge.rule == EdgeRule::conflict && (this->*leads_to_set)(derivation, edge.path);
  };
  if (std::all_of(cycle.begin(), cycle.end(), is_conflict)) return true;
  return derivation.edges[cycle.back()].rule == EdgeRule::initial &&
         (this->*leads_to_set)(derivation, std::span(cycle).first(cycle.size() - 1));
}

/// Whether the derivation is one about the view of a single process. A cycle that uses no read of
/// the process in question (session order and what others read) is in the past of some process.
bool OrderVerifier::by_views(const Derivation& derivation, const std::vector<bool>& used,
                             bool pram) const {
  std::set<Process> viewers, readers;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    const DerivedEdge& edge = derivation.edges[i];
    switch (edge.rule) {
      case EdgeRule::session: {
        const bool of_writes = claim(edge.from)->is_write && claim(edge.to)->is_write;
        if (!of_writes) readers.insert(history_.process(edge.from));
        break;
      }
      case EdgeRule::reads_from:
        readers.insert(history_.process(edge.to));
        break;
      case EdgeRule::conflict:
        viewers.insert(history_.process(edge.reader));
        break;
      case EdgeRule::initial:
        viewers.insert(history_.process(edge.from));
        break;
      case EdgeRule::overwritten:
        return false;
    }
  }
  if (pram) viewers.insert(readers.begin(), readers.end());
  return viewers.size() <= 1;
}

Result<void> OrderVerifier::thin_air(EventIndex read) const {
  const Claim* found = claim(read);
  if (found == nullptr || found->is_write) return rejected("this is no read that counts");
  if (is_initial(found->value)) return rejected("this is the initial value");
  if (writers_.contains({found->key, found->value})) return rejected("the value was written");
  return {};
}

Result<void> OrderVerifier::sequential_order(std::span<const EventIndex> order) const {
  std::vector<bool> taken(claims_.size(), false);
  boost::unordered_flat_map<ValueId, ValueId> held;  // by key
  boost::unordered_flat_map<Process, EventIndex> last;
  for (const EventIndex invocation : order) {
    const Claim* now = claim(invocation);
    if (now == nullptr) return rejected("the order holds an operation that does not count");
    const auto position = static_cast<std::size_t>(now - claims_.data());
    if (taken[position]) return rejected("the order holds an operation twice");
    taken[position] = true;
    const auto [at, is_first] = last.try_emplace(now->process, invocation);
    if (!is_first && at->second > invocation) return rejected("the order breaks a session's");
    at->second = invocation;
    if (now->is_write) {
      held[now->key] = now->value;
      continue;
    }
    const auto value = held.find(now->key);
    const bool is_right =
        value == held.end() ? is_initial(now->value) : value->second == now->value;
    if (!is_right) return rejected("a read finds another value than it answered");
  }
  for (std::size_t i = 0; i < claims_.size(); ++i) {
    if (claims_[i].certain && !taken[i]) return rejected("the order lacks an operation");
  }
  return {};
}

/// Tries all orders, depth first and without recursion, which a long history would drive too deep;
/// remembers which (operations taken, values held) lead nowhere.
class OrderVerifier::Orders {
 public:
  Orders(const OrderVerifier& verifier, std::span<const ValueId> keys, std::size_t steps_max)
      : verifier_(verifier) {
    std::map<Process, std::vector<const Claim*>> sessions;
    for (const Claim& claim : verifier.claims_) {
      if (std::find(keys.begin(), keys.end(), claim.key) == keys.end()) continue;
      sessions[claim.process].push_back(&claim);
      certain_left_ += claim.certain;
    }
    for (auto& [process, claims] : sessions)
      sessions_.push_back(std::move(claims));
    taken_.assign(sessions_.size(), 0);
    constexpr std::size_t entries_max = 16'000'000;  // of all states that are remembered
    steps_left_ = std::min(steps_max, entries_max / (sessions_.size() + keys.size() + 1));
  }

  /// Also true where it gave up.
  bool exist() {
    std::vector<Step> path;
    std::size_t next = 0;  // the session to try
    bool is_open = true;   // false: it is known that nothing goes on from here
    while (certain_left_ > 0 && steps_left_ > 0) {
      if (next == 0) {
        --steps_left_;
        is_open = dead_.insert(state()).second;
      }
      while (is_open && next < sessions_.size() && !take(next, path))
        ++next;
      if (is_open && next < sessions_.size()) {
        next = 0;
        continue;
      }
      if (path.empty()) return false;
      next = undo(path) + 1;
      is_open = true;
    }
    return true;
  }
  bool gave_up() const { return certain_left_ > 0 && steps_left_ == 0; }

 private:
  struct Step {
    std::size_t session;
    EventIndex held_before;
  };

  std::vector<std::uint32_t> state() const {
    std::vector<std::uint32_t> state(taken_.begin(), taken_.end());
    for (const auto& [key, write] : held_)
      state.push_back(write);
    return state;
  }

  bool take(std::size_t session, std::vector<Step>& path) {
    if (taken_[session] == sessions_[session].size()) return false;
    const Claim& next = *sessions_[session][taken_[session]];
    const auto at = held_.find(next.key);
    const EventIndex before = at == held_.end() ? no_event : at->second;
    if (next.is_write) {
      held_[next.key] = next.invocation;
    } else if (before == no_event ? !verifier_.is_initial(next.value)
                                  : verifier_.claim(before)->value != next.value) {
      return false;
    }
    ++taken_[session];
    certain_left_ -= next.certain;
    path.push_back({session, before});
    return true;
  }

  /// Takes the last step back and answers its session.
  std::size_t undo(std::vector<Step>& path) {
    const Step step = path.back();
    path.pop_back();
    const Claim& claim = *sessions_[step.session][--taken_[step.session]];
    certain_left_ += claim.certain;
    if (claim.is_write) held_[claim.key] = step.held_before;
    return step.session;
  }

  const OrderVerifier& verifier_;
  std::size_t steps_left_ = 0;
  std::size_t certain_left_ = 0;
  std::vector<std::vector<const Claim*>> sessions_;
  std::vector<std::uint32_t> taken_;    // by session
  std::map<ValueId, EventIndex> held_;  // by key: the write; no_event: none
  std::set<std::vector<std::uint32_t>> dead_;
};

Result<void> OrderVerifier::no_sequential_order(std::span<const ValueId> keys,
                                                std::size_t steps_max) const {
  Orders orders(*this, keys, steps_max);
  const bool exist = orders.exist();
  if (orders.gave_up()) return failure(ErrorKind::resource, "there are too many orders to try");
  if (exist) return rejected("there is an order");
  return {};
}

}  // namespace gauntlet::causal
